"""The command `mammo-worker examine`: the table that it reads, and those that it writes."""

import csv
import json

import cv2
import pytest
from typer.testing import CliRunner

from mammo_worker import cli
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.examination.tables import COLUMNS
from mammo_worker.examination.views import read_views


def test_table_is_read(tmp_path):
    path = tmp_path / "views.csv"
    (tmp_path / "a.png").touch()
    path.write_text(
        "file,examination,laterality,view\na.png,7,left,cc\nb.png,7,X,CC\nc.png,7,R,AP\nd.png,,,\n./a.png,7,L,MLO\na.png,8,,\n"
    )
    a, b, c, d, again, elsewhere = read_views(path)
    assert again.wrong.startswith("file_repeated"), "one film would be two views of a lesion"
    assert elsewhere.wrong is None
    assert (a.file, a.laterality, a.view, a.wrong) == (tmp_path / "a.png", "L", "CC", None)
    assert b.wrong.startswith("laterality_unknown")
    assert c.wrong.startswith("view_unknown")
    assert d.wrong.startswith("examination_unknown")
    path.write_text("file,view\n")
    with pytest.raises(ValueError, match="lacks the columns examination, laterality"):
        read_views(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_views(tmp_path / "none.csv")


def test_command_on_real_films(shared_data, tmp_path, pipeline, monkeypatch):
    monkeypatch.setattr("mammo_worker.pipeline.build_pipeline", lambda: pipeline)  # one for all tests
    cases = [c for c in cbis_ddsm(shared_data / "cbis_ddsm_mass") if c.patient == "P_00001"]
    lines = [",".join(("file", "examination", "laterality", "view"))]
    for case in cases:
        cv2.imwrite(str(tmp_path / case.name), case.read())
        lines.append(f"{case.name},P_00001,{case.attributes['laterality']},{case.attributes['view']}")
    (tmp_path / "bad.png").write_bytes(b"no film")
    lines.append("bad.png,P_00001,R,CC")
    (tmp_path / "views.csv").write_text("\n".join(lines) + "\n")
    arguments = ["examine", "--views", str(tmp_path / "views.csv"), "--output", str(tmp_path / "out.csv")]
    run = CliRunner().invoke(cli.app, [*arguments, "--details", str(tmp_path / "new" / "out.json")])
    assert run.exit_code == 1, run.output
    assert "bad.png: unsupported_format" in run.output
    with (tmp_path / "out.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert tuple(table[0]) == COLUMNS
    assert table[-1]["laterality"] == "case"
    assert all(0 <= float(r["probability_malignant"]) <= 1 for r in table if r["views"])
    assert json.loads((tmp_path / "new" / "out.json").read_text())[0]["breasts"][0]["words"]["zh"]
    assert CliRunner().invoke(cli.app, [*arguments[:-1], str(tmp_path)]).exit_code == 2
