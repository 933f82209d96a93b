"""The table of the models in use."""

from typer.testing import CliRunner

from lobule.cli.models import app


class Server:
    """A client whose server has a model that is adapted to a laboratory."""

    def __init__(self, *_arguments, **_options) -> None:
        pass

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def models(self) -> list[dict]:
        site = {"name": "[/b] [red]Graz", "version": "62b08857"}
        model = {"name": "m", "version": "1", "workers": 1, "adaptation": site}
        return [{"modality": "histopathology", "workers": 1, "model": {"metrics": []}, "models": [model]}]


def test_it_names_the_laboratory_as_it_is_written(monkeypatch):
    monkeypatch.setattr("lobule.cli.models.Client", Server)
    monkeypatch.setenv("COLUMNS", "200")
    told = CliRunner().invoke(app, ["list", "--username", "anna", "--password", "secret"])
    assert told.exit_code == 0, told.output
    assert "1 + [/b] [red]Graz 62b08857" in told.output
