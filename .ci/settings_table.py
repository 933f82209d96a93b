"""Writes docs/settings.md: every setting of every service, as its class declares it."""

import sys
from pathlib import Path

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from dicom_node.settings import NodeSettings
from gateway.settings import GatewaySettings
from histo_worker.settings import HistoSettings
from lobule.settings import FilmSettings, ServiceSettings, Settings
from mammo_worker.settings import MammoSettings
from report.settings import ReportSettings

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"
SERVICES: dict[str, list[type[BaseSettings]]] = {
    "gateway": [GatewaySettings],
    "histo-worker": [Settings, HistoSettings],
    "mammo-worker": [Settings, FilmSettings, MammoSettings],
    "report": [ReportSettings, FilmSettings],
    "dicom": [NodeSettings],
}
_HEAD = """# Settings

Each setting is an environment variable. To read one from a file, such as a mounted secret, append `_FILE` to the name
of the variable and set it to the path of the file. An empty value counts as unset. A process whose settings are invalid
prints a line for each and exits with status 78.

docker-compose.yml passes on the values in `.env`; `.env.example` lists those that are usually set. This table is
generated from the settings classes: run `python .ci/settings_table.py` after a change.

| variable | default | meaning | services |
|---|---|---|---|
"""


def rows() -> dict[str, tuple[str, str, list[str]]]:
    """Default, meaning and services by the name of the variable."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    for service, classes in SERVICES.items():
        for kind in classes:
            prefix = kind.model_config.get("env_prefix", "")
            for name, field in kind.model_fields.items():
                variable = f"{prefix}{name}".upper()
                default = "required" if field.default is PydanticUndefined else _in_words(field.default)
                known = found.setdefault(variable, (default, field.description or "", []))
                known[2].append(service)
    return found


def _in_words(default: object) -> str:
    if default is None or default == "":
        return ""
    if isinstance(default, Path):
        return f"`{default.name}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def render() -> str:
    """The document."""
    shared = {name for kind in (ServiceSettings, Settings) for name in kind.model_fields}
    table = sorted(rows().items(), key=lambda row: (row[0].removeprefix("LOBULE_").lower() not in shared, row[0]))
    lines = [f"| `{name}` | {default} | {meaning} | {', '.join(of)} |" for name, (default, meaning, of) in table]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
    DOCUMENT.write_text(render(), "utf-8")
