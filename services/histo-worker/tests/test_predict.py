"""A batch on the command line: whatever is wrong with one file, the others are read."""

import csv

from typer.testing import CliRunner

from histo_worker.cli import app


class Fragile:
    """A pipeline that falls over one of the files, as no pipeline should."""

    def __init__(self, pipeline, fallen_by: bytes) -> None:
        self._pipeline, self._fallen_by = pipeline, fallen_by

    def analyse(self, data, image, progress):
        if data == self._fallen_by:
            raise ZeroDivisionError("a fault of ours")
        return self._pipeline.analyse(data, image, progress)


def test_bad_files_are_listed_at_the_end_and_the_rest_is_read(monkeypatch, tmp_path, pipeline, fields):
    good = [field.path for field in fields if field.magnification == "100X"][:3]
    cut, text, gone = tmp_path / "cut.jpg", tmp_path / "text.png", tmp_path / "gone.png"
    cut.write_bytes(good[0].read_bytes()[:5000])
    text.write_text("no image at all")
    monkeypatch.setattr(
        "histo_worker.pipeline.build_pipeline", lambda settings: Fragile(pipeline, good[1].read_bytes())
    )
    output = tmp_path / "predictions.csv"
    files = [cut, good[0], text, good[1], gone, good[2]]
    result = CliRunner().invoke(app, ["predict", *map(str, files), "--output", str(output)])
    assert result.exit_code == 1
    with output.open() as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == [str(good[0]), str(good[2])]
    listed = [line for line in result.output.splitlines() if ": " in line and str(tmp_path) in line.split(": ")[0]]
    codes = {line.split(": ")[0].rsplit("/", 1)[-1]: line.split(": ")[1] for line in listed}
    assert codes == {"cut.jpg": "image_truncated", "text.png": "unsupported_format", "gone.png": "unreadable_file"}
    assert f"{good[1]}: internal_error: ZeroDivisionError" in result.output.replace("\n", "")
