"""The file that adapts a model to a laboratory: what is added to its log odds, and what that was measured on."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from lobule.contracts.document import Document
from lobule.contracts.models import ModelManifest
from lobule.contracts.notices import Notice
from lobule.errors import AnalysisError
from lobule.words import make_notice

FARTHEST_SHIFT = 20.0
"""Larger shifts leave no probability but 0 or 1."""


class Site(Document):
    """A laboratory, as `histo-worker adapt` measured it."""

    schema_version: Literal["1"] = "1"
    name: str = Field(min_length=1, max_length=60, description="name of the laboratory")
    measured_on: date = Field(description="day of the measurement")
    model: str = Field(description="name and version of the model that it holds for")
    weights_sha256: str = Field(description="SHA-256 of that model's weights")
    log_odds_shift: float = Field(
        ge=-FARTHEST_SHIFT, le=FARTHEST_SHIFT, allow_inf_nan=False, description="added to the log odds of malignancy"
    )
    measured_shift: float = Field(description="the shift as measured, before it is shrunk by its standard error")
    standard_error: float = Field(description="of the measured shift")
    malignant_share: float | None = Field(description="share of malignant fields that was stated; null if none was")
    fields: int = Field(ge=1, description="number of fields")
    patients: int | None = Field(description="number of their patients; null if it is not known")
    magnifications: dict[str, int] = Field(description="number of fields by their nearest magnification")

    @property
    def version(self) -> str:
        """A short hash of the content, which names this measurement in results."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    def write(self, file: Path) -> None:
        """Write the file, and create its folder if necessary."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_site(file: Path, manifest: ModelManifest) -> Site:
    """Read the file of a laboratory for a model.

    Raises:
        AnalysisError: `model_unavailable` if the file is missing or damaged, or was measured with another model.
    """
    try:
        site = Site.model_validate_json(file.read_text("utf-8"))
    except ValidationError as error:
        places = {".".join(map(str, each["loc"])) for each in error.errors(include_url=False)} - {""}
        raise _unreadable(file, ", ".join(sorted(places)) or "no JSON") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, type(error).__name__) from None
    if site.weights_sha256 != manifest.weights_sha256:
        used = f"{manifest.name} {manifest.version}"
        raise AnalysisError("model_unavailable", "site_of_other_model", file=file.name, model=site.model, used=used)
    return site


def _unreadable(file: Path, problem: str) -> AnalysisError:
    return AnalysisError("model_unavailable", "site", file=file.name, problem=problem)


def site_notices(site: Site | None) -> Iterator[Notice]:
    """Say that a number is adapted to a laboratory, and by how much; nothing if it is not moved."""
    if site is not None and site.log_odds_shift:
        shift = f"{site.log_odds_shift:+.2f}"
        yield make_notice("adapted_to_laboratory", laboratory=site.name, version=site.version, shift=shift)
