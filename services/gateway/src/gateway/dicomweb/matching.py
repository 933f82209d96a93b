"""Turns the query of a QIDO-RS request (DICOM PS3.18, 8.3.4 and 10.6) into conditions on fingerprints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from starlette.datastructures import QueryParams

from gateway.errors import ProblemError
from gateway.images.identity import Fingerprints
from lobule.imaging.header import DicomIdentity

MOST = 200
"""Results of one answer."""
_MARKED: Mapping[str, tuple[str, str]] = {
    "StudyInstanceUID": ("study_instance_uid", "study_mark"),
    "SeriesInstanceUID": ("series_instance_uid", "series_mark"),
    "SOPInstanceUID": ("sop_instance_uid", "instance_mark"),
    "PatientID": ("patient_id", "patient_id_mark"),
    "AccessionNumber": ("accession_number", "accession_mark"),
}
"""Attributes that are compared by fingerprint: the part of the identity, and the column."""
_PLAIN = {"Modality": "modality", "ModalitiesInStudy": "modality", "SOPClassUID": "sop_class"}
ATTRIBUTES = (*_MARKED, *_PLAIN, "StudyDate")
_OTHERS = ("limit", "offset", "includefield", "fuzzymatching")
_WILD = re.compile(r"[*?]")
_MOST_VALUES = 100


@dataclass(frozen=True)
class Criteria:
    """Conditions on instances; all of them must hold.

    Attributes:
        equal: Values by column, one of which the column must have.
        first: First day of the study; None for any.
        last: Last day of the study, likewise.
    """

    equal: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Query:
    """A request.

    Attributes:
        criteria: What is asked for.
        limit: Results at most.
        offset: Results that are left out before.
        fields: Tags that are asked for besides; None: all.
    """

    criteria: Criteria
    limit: int
    offset: int
    fields: frozenset[int] | None


def read_query(given: QueryParams, path: Mapping[str, str], prints: Fingerprints) -> Query:
    """The query of a request.

    Args:
        given: Parameters of the request's address.
        path: Attributes that the request's path names.
        prints: Makes fingerprints.

    Raises:
        ProblemError: `query_not_supported`, 400.
    """
    equal: dict[str, Sequence[str]] = {}
    days: tuple[date | None, date | None] = (None, None)
    for name, value in [*((_keyword(name), value) for name, value in given.multi_items()), *path.items()]:
        if name in _OTHERS or value in ("", "*"):
            continue
        if name == "StudyDate":
            days = _days(value)
        else:
            column, values = _condition(name, value, prints)
            equal[column] = [each for each in values if each in equal.get(column, values)]
    return Query(Criteria(equal, *days), _number(given, "limit", MOST), _number(given, "offset", 2**31), _fields(given))


def of_path(path: Mapping[str, str], prints: Fingerprints) -> Criteria:
    """The instances that a path names."""
    return Criteria(dict(_condition(name, value, prints) for name, value in path.items()))


def _condition(name: str, value: str, prints: Fingerprints) -> tuple[str, Sequence[str]]:
    values = re.split(r"[,\\]", value) if name.endswith("UID") else [value]
    if _WILD.search(value) or len(values) > _MOST_VALUES:  # a fingerprint has no parts
        raise _not_supported(f"{name}={value[:40]}")
    if name in _PLAIN:
        return _PLAIN[name], values
    if name not in _MARKED:
        raise _not_supported(name[:40])
    attribute, column = _MARKED[name]
    marks = [getattr(prints.of(replace(DicomIdentity(), **{attribute: each})), column) for each in values]
    if name.endswith("UID"):  # stored files have new UIDs, by which they are found as well
        marks += [prints.mark_of_new(each) for each in values]
    return column, [mark for mark in marks if mark is not None]


def _keyword(name: str) -> str:
    """The keyword of an attribute that is named by it or by its tag."""
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(int(name, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name


def _days(value: str) -> tuple[date | None, date | None]:
    first, dash, last = value.partition("-")
    found = _day(first), _day(last if dash else first)
    if found == (None, None):
        raise _not_supported(f"StudyDate={value[:40]}")
    return found


def _day(said: str) -> date | None:
    if not said:
        return None
    try:
        return datetime.strptime(said, "%Y%m%d").date()
    except ValueError:
        raise _not_supported(f"StudyDate={said[:40]}") from None


def _number(given: QueryParams, name: str, most: int) -> int:
    said = given.get(name)
    if said is None:
        return most if name == "limit" else 0
    if not re.fullmatch(r"\d{1,10}", said):
        raise _not_supported(f"{name}={said[:40]}")
    return min(int(said), most)


def _fields(given: QueryParams) -> frozenset[int] | None:
    named = [name for value in given.getlist("includefield") for name in value.split(",") if name]
    if "all" in named:
        return None
    from pydicom.datadict import tag_for_keyword

    tags: set[int] = set()
    for name in named:
        tag = tag_for_keyword(_keyword(name))
        if tag is None:
            raise _not_supported(f"includefield={name[:40]}")
        tags.add(tag)
    return frozenset(tags)


def _not_supported(what: str) -> ProblemError:
    known = ", ".join(ATTRIBUTES)
    return ProblemError(400, "query_not_supported", "attribute", values={"what": what, "known": known})
