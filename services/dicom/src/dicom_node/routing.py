"""The rules of a site: which objects are taken and which are refused, in a settings file.

A rule gives patterns (`*`, `?`, `[...]`, no matter the case) for some of an object's attributes; the first one that
fits decides. What no rule speaks of is taken, as far as it is a film at all.
"""

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import pydicom
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dicom_node.statuses import Answer, Status

Refusal = Literal["0122", "0124", "A900", "C000"]
"""Statuses that a rule may answer with; none of them says that an object was kept."""
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "modality": ("Modality",),
    "station": ("StationName",),
    "description": ("StudyDescription", "SeriesDescription"),
    "sop_class": ("SOPClassUID",),
}
"""What a rule may name of an object, and the tags that one of has to fit."""
_LONGEST = 256


class Rule(BaseModel):
    """A rule; an object must match all of its patterns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=40, description="said in the answer and in the log")
    action: Literal["take", "refuse"]
    status: Refusal = Field(default="A900", description="of a refusal")
    modality: str | None = None
    station: str | None = None
    description: str | None = None
    sop_class: str | None = None
    calling_ae: str | None = None

    def fits(self, attributes: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether the attributes of an object match every pattern."""
        patterns = {name: getattr(self, name) for name in (*ATTRIBUTES, "calling_ae")}
        return all(
            pattern is None or any(fnmatchcase(value.lower(), pattern.lower()) for value in attributes[name])
            for name, pattern in patterns.items()
        )


class Routing(BaseModel):
    """The rules, and the status for objects that are not films."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_a_film: Refusal = "A900"
    rules: list[Rule] = []

    def decide(self, file: Path, calling_ae: str) -> tuple[Rule | None, Answer | None]:
        """The rule that decides on a received object, and the answer where it is refused."""
        if not self.rules:
            return None, None
        attributes = {**_attributes(file), "calling_ae": (calling_ae,)}
        rule = next((each for each in self.rules if each.fits(attributes)), None)
        if rule is None or rule.action == "take":
            return rule, None
        return rule, Answer(Status(int(rule.status, 16)), f"Refused by rule: {rule.name}")


def read_routing(file: Path | None) -> Routing:
    """The rules of a TOML file; none without a file.

    Raises:
        ValueError: If the file cannot be read, or holds something else; the message says what and where.
    """
    if file is None:
        return Routing()
    try:
        return Routing.model_validate(tomllib.loads(file.read_text("utf-8-sig")))
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is no TOML: {error}") from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{file}: {'; '.join(faults)}") from None


def _attributes(file: Path) -> dict[str, tuple[str, ...]]:
    """The attributes of an object, each limited in length; unreadable ones are empty."""
    tags = [tag for names in ATTRIBUTES.values() for tag in names]
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags, force=True)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a converter raises
        header = pydicom.Dataset()
    return {name: tuple(_text(header, tag) for tag in names) for name, names in ATTRIBUTES.items()}


def _text(header: pydicom.Dataset, tag: str) -> str:
    try:
        return str(header.get(tag) or "")[:_LONGEST].strip()
    except Exception:  # noqa: BLE001 - as above, when the value is looked at
        return ""
