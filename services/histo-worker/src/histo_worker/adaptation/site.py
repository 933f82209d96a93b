"""The file that adapts a model to a laboratory: what is added to its log odds, and what that was measured on."""

import hashlib
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, ValidationError, ValidationInfo, field_validator

from lobule.contracts.document import Document
from lobule.contracts.models import Adaptation, ModelManifest
from lobule.contracts.notices import Notice
from lobule.errors import AnalysisError
from lobule.words import make_notice

FARTHEST_SHIFT = 6.0
"""Four times what the dyes of CMU-1 shift; 50 % would become 0.2 %."""
_MOST_BYTES = 64_000


def check_name(name: str) -> str:
    """Check the name of a laboratory.

    Raises:
        ValueError: It is empty, too long, or has characters that cannot be printed.
    """
    if not 0 < len(name) <= 60 or not name.isprintable():
        raise ValueError("the name must have 1 to 60 characters, all of them printable")
    return name


class Site(Document):
    """A laboratory, as `histo-worker adapt` measured it."""

    schema_version: Literal["1"] = "1"
    name: Annotated[str, AfterValidator(check_name)] = Field(description="name of the laboratory")
    measured_on: date = Field(description="day of the measurement")
    model: str = Field(description="name and version of the model that it holds for")
    weights_sha256: str = Field(description="SHA-256 of that model's weights")
    log_odds_shift: float = Field(
        ge=-FARTHEST_SHIFT, le=FARTHEST_SHIFT, allow_inf_nan=False, description="added to the log odds of malignancy"
    )
    measured_shift: FiniteFloat = Field(description="the shift as measured, before it is shrunk by its standard error")
    standard_error: FiniteFloat = Field(ge=0, description="of the measured shift")
    malignant_share: float | None = Field(
        gt=0, lt=1, description="share of malignant fields that was stated; null if none was"
    )
    fields: int = Field(ge=1, description="number of fields")
    patients: int | None = Field(ge=1, description="number of their patients; null if it is not known")
    magnifications: dict[str, int] = Field(description="number of fields by their nearest magnification")

    @field_validator("measured_shift")
    @classmethod
    def _is_shrunk(cls, measured: float, info: ValidationInfo) -> float:
        """Refuse a shift that was edited: it never goes the other way than the measured one, and never farther."""
        counts = info.data.get("log_odds_shift", 0.0)
        if counts * measured < 0 or abs(counts) > abs(measured):
            raise ValueError("the shift is not that which was measured")
        return measured

    @property
    def version(self) -> str:
        """A short hash of the content, which names this measurement in results."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    @property
    def adaptation(self) -> Adaptation:
        """What others need to know of it."""
        return Adaptation(
            name=self.name,
            version=self.version,
            measured_on=self.measured_on,
            log_odds_shift=self.log_odds_shift,
            fields=self.fields,
            patients=self.patients,
        )

    def write(self, file: Path) -> None:
        """Write the file as a whole, so that a full disk leaves the one before; create its folder if necessary."""
        file = file.resolve()
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.new")
        try:
            with new.open("w", encoding="utf-8") as stream:
                stream.write(self.model_dump_json(indent=2) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)


def read_site(file: Path, manifest: ModelManifest) -> Site:
    """Read the file of a laboratory for a model.

    Raises:
        AnalysisError: `model_unavailable` if the file is missing or damaged, or was measured with another model, or
            with another calibration of this one, which its version tells.
    """
    try:
        if file.exists() and not file.is_file():
            raise _unreadable(file, "no file")
        with file.open("rb") as stream:
            site = Site.model_validate_json(stream.read(_MOST_BYTES))
    except ValidationError as error:
        places = {".".join(map(str, each["loc"])) for each in error.errors(include_url=False)} - {""}
        raise _unreadable(file, ", ".join(sorted(places)) or "no JSON") from None
    except OSError as error:
        raise _unreadable(file, type(error).__name__) from None
    used = f"{manifest.name} {manifest.version}"
    if (site.model, site.weights_sha256) != (used, manifest.weights_sha256):
        measured, used = (
            f"{name} ({weights[:8]})"
            for name, weights in ((site.model, site.weights_sha256), (used, manifest.weights_sha256))
        )
        raise AnalysisError("model_unavailable", "site_of_other_model", file=file.name, model=measured, used=used)
    return site


def _unreadable(file: Path, problem: str) -> AnalysisError:
    return AnalysisError("model_unavailable", "site", file=file.name, problem=problem)


def site_notices(site: Site | None) -> Iterator[Notice]:
    """Say that a number is adapted to a laboratory, and by how much; nothing if it is not moved."""
    if site is not None and site.log_odds_shift:
        shift = f"{site.log_odds_shift:+.2f}"
        yield make_notice(
            "adapted_to_laboratory", laboratory=site.name, version=site.version, shift=shift, half=site.adaptation.half
        )
