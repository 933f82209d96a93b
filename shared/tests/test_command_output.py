"""What commands write and print, whatever files and folders are called."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from lobule.cli import up
from lobule.cli.diagnose import Outcome, save_reports


def test_reports_of_files_of_the_same_name_do_not_replace_each_other(tmp_path):
    client: Any = SimpleNamespace(report=lambda job_id, form: f"{form} of {job_id}".encode())
    files = ["monday/film.png", "tuesday/film.png", "film-2.jpg", "wednesday/film.dcm", "refused.png"]
    done: Any = object()
    outcomes = [Outcome(Path(file), file, None if file == "refused.png" else done) for file in files]
    saved = save_reports(client, outcomes, tmp_path / "reports")
    assert len(set(saved)) == 12
    told = {path.name: path.read_text() for path in saved if path.suffix == ".html"}
    assert told == {
        "film.report.html": "html of monday/film.png",
        "film-2.report.html": "html of tuesday/film.png",
        "film-2-2.report.html": "html of film-2.jpg",
        "film-3.report.html": "html of wednesday/film.dcm",
    }


def test_a_folder_is_printed_as_it_is_called(tmp_path, monkeypatch, capsys):
    for name in ("[old]", "[/old]"):
        home = SimpleNamespace(folder=tmp_path / name, secrets={})
        monkeypatch.setattr(up, "console", Console(width=1000))
        up.print_address(SimpleNamespace(url="http://127.0.0.1:1", home=home))  # pyright: ignore[reportArgumentType]
        assert f"{tmp_path}/{name}/secrets.json" in capsys.readouterr().out
