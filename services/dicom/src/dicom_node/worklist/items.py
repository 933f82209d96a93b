"""Work items in DICOM's JSON (PS3.18, annex F; attributes of PS3.4, annex CC.2.5)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dicom_node.priors.peers import MOST_FILMS, FoundFilm, is_uid
from dicom_node.receiving.rules import FILM_CLASSES

Json = Mapping[str, Any]

STATE, TRANSACTION_UID, STATION, WORK = "00741000", "00081195", "00404025", "00404018"
_CODE, _SCHEME, _MEANING = "00080100", "00080102", "00080104"
_INPUTS, _OUTPUTS, _STUDY, _SERIES = "00404021", "00404033", "0020000D", "0020000E"
_REFERENCES, _CLASS, _INSTANCE = "00081199", "00081150", "00081155"
_PROGRESS, _PERFORMED, _REASON, _REASON_CODE = "00741002", "00741216", "00741238", "0074100E"
_BEGAN, _ENDED, _DONE_AT, _DONE = "00404050", "00404051", "00404028", "00404019"
_TYPE, _WADO, _URL, _AE, _DICOM = "0040E020", "0040E025", "00081190", "00080054", "0040E021"
_MOST_SERIES = 32
_DISCONTINUED = ("110513", "DCM", "Discontinued for unspecified reason")


class Inputs(NamedTuple):
    """The objects of one series that a work item requests to be read."""

    study_uid: str
    films: Sequence[FoundFilm]
    """Those that it names; none if it means the whole study."""


class Output(NamedTuple):
    """An object that was made."""

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    study_uid: str
    url: str
    """The root of the DICOMweb that has it; empty if a node has it that is asked by its AE title."""
    ae_title: str


def values(said: Json, tag: str) -> Sequence[Any]:
    """The values of an attribute; none if it has none."""
    element = said.get(tag)
    found = element.get("Value") if isinstance(element, Mapping) else None
    return found if isinstance(found, list) else []


def text(said: Json, tag: str) -> str:
    """The first value of an attribute as text; empty if there is none."""
    found = values(said, tag)
    return str(found[0]) if found else ""


def inputs_of(item: Json) -> list[Inputs]:
    """The objects that a work item requests to be read, without those that are no films."""
    found: list[Inputs] = []
    for part in values(item, _INPUTS)[:_MOST_SERIES]:
        if not isinstance(part, Mapping) or not is_uid(study_uid := text(part, _STUDY)):
            continue
        named = [each for each in values(part, _REFERENCES) if isinstance(each, Mapping)]
        films = [FoundFilm(text(part, _SERIES), text(each, _INSTANCE), text(each, _CLASS)) for each in named]
        wanted = [film for film in films if film.sop_class_uid in FILM_CLASSES and _all_uids(film)]
        if wanted or not named:
            found.append(Inputs(study_uid, wanted))
    return found


def _all_uids(film: FoundFilm) -> bool:
    return all(map(is_uid, film))


def state_change(state: str, transaction_uid: str) -> Json:
    """Build the request that changes the state of a work item."""
    return {TRANSACTION_UID: _said("UI", transaction_uid), STATE: _said("CS", state)}


def performed_procedure(
    transaction_uid: str, began: float, ended: float, station: str, work: Json, outputs: Sequence[Output]
) -> Json:
    """Build the description of a performed work item that a server needs before completion (PS3.4, table CC.2.5-3).

    Args:
        transaction_uid: UID of the claim.
        began: Time of the start, in seconds since 1970.
        ended: Time of the end, likewise.
        station: Code of the node's station.
        work: The item; its scheduled work is what was done.
        outputs: The objects that were made.
    """
    step = {
        _DONE_AT: {"vr": "SQ", "Value": [_coded((station, "99LOBULE", "Lobule"))]},
        _BEGAN: _said("DT", _time(began)),
        _ENDED: _said("DT", _time(ended)),
        _DONE: {"vr": "SQ", "Value": list(values(work, WORK)[:1])},
        _OUTPUTS: {"vr": "SQ", "Value": [_output(each) for each in outputs]},
    }
    return {TRANSACTION_UID: _said("UI", transaction_uid), _PERFORMED: {"vr": "SQ", "Value": [step]}}


REASONS = {
    "too_many_films": f"The work item names more than {MOST_FILMS} mammograms of a series.",
    "no_mammogram": "The work item names no mammogram that Lobule takes.",
    "nothing_made": "None of the films could be read, or no result could be stored.",
    "late_results": "No result was made in time.",
    "late_item": "The work item could not be performed in time.",
}
"""Why an item is cancelled, as its server is told; without names."""


def cancellation(transaction_uid: str, reason: str) -> Json:
    """Build the reason for cancelling a work item (PS3.4, table CC.2.5-3); `reason` is one of `REASONS`."""
    said = {
        _REASON: _said("LT", REASONS[reason]),
        _REASON_CODE: {"vr": "SQ", "Value": [_coded(_DISCONTINUED)]},
    }
    return {TRANSACTION_UID: _said("UI", transaction_uid), _PROGRESS: {"vr": "SQ", "Value": [said]}}


def _output(made: Output) -> Json:
    reference = {_CLASS: _said("UI", made.sop_class_uid), _INSTANCE: _said("UI", made.sop_instance_uid)}
    place = f"{made.url}/studies/{made.study_uid}/series/{made.series_uid}/instances/{made.sop_instance_uid}"
    where = (
        {_WADO: {"vr": "SQ", "Value": [{_URL: _said("UR", place)}]}}
        if made.url
        else {_DICOM: {"vr": "SQ", "Value": [{_AE: _said("AE", made.ae_title)}]}}
    )
    return {
        _TYPE: _said("CS", "DICOM"),
        _STUDY: _said("UI", made.study_uid),
        _SERIES: _said("UI", made.series_uid),
        _REFERENCES: {"vr": "SQ", "Value": [reference]},
        **where,
    }


def _said(representation: str, value: str) -> Json:
    return {"vr": representation, "Value": [value]}


def _coded(code: tuple[str, str, str]) -> Json:
    value, scheme, meaning = code
    return {_CODE: _said("SH", value), _SCHEME: _said("SH", scheme), _MEANING: _said("LO", meaning)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S.%f+0000")
