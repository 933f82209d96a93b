"""The answers of QIDO-RS on a study, a series or an instance (DICOM PS3.18, tables 10.6.3-3 to 10.6.3-5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from gateway.dicomweb.headers import Json, chosen, everything, read_header, text
from gateway.dicomweb.readable_store import ReadableStore
from gateway.dicomweb.repository import Instance, Level
from gateway.errors import ProblemError
from lobule.storage import ObjectNotFoundError

_STUDY = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
)
_SERIES = (
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)
_INSTANCE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
)
_NAMES: Mapping[Level, tuple[str, ...]] = {
    "studies": _STUDY,
    "series": _STUDY + _SERIES,
    "instances": _STUDY + _SERIES + _INSTANCE,
}
_URL, _AVAILABLE, _MODALITIES = "00081190", "00080056", "00080061"
_SERIES_OF_STUDY, _INSTANCES_OF_STUDY, _INSTANCES_OF_SERIES = "00201206", "00201208", "00201209"


@cache
def _fields_of(level: Level) -> frozenset[int]:
    from pydicom.datadict import tag_for_keyword

    return frozenset(tag for name in _NAMES[level] if (tag := tag_for_keyword(name)))


def describe(
    store: ReadableStore, level: Level, group: Sequence[Instance], fields: frozenset[int] | None, base: str
) -> Json:
    """A study, a series or an instance.

    Args:
        store: The object store.
        level: Level of the description: study, series or instance.
        group: Its instances; the description is made from the header of the first.
        fields: Tags in addition to those that the standard requires; None for the whole header.
        base: Address of DICOMweb on this server.
    """
    from pydicom.dataset import Dataset

    try:
        with store.open_header(group[0].object_key) as stream:
            header = read_header(stream)
    except (ObjectNotFoundError, ProblemError):  # removed meanwhile, or of a kind that cannot be read here
        header = Dataset()
    url = f"{base}/studies/{text(header, 'StudyInstanceUID')}"
    if level != "studies":
        url += f"/series/{text(header, 'SeriesInstanceUID')}"
    if level == "instances":
        url += f"/instances/{text(header, 'SOPInstanceUID')}"
    found = chosen(header, _fields_of(level) | (fields or frozenset()))
    if fields is None:
        found |= everything(header, f"{url}/bulkdata")
    found[_URL] = {"vr": "UR", "Value": [url]}
    found[_AVAILABLE] = {"vr": "CS", "Value": ["ONLINE"]}
    if level == "studies":
        found[_MODALITIES] = {"vr": "CS", "Value": sorted({each.modality for each in group})}
        found[_SERIES_OF_STUDY] = _count(len({each.series_mark for each in group}))
        found[_INSTANCES_OF_STUDY] = _count(len(group))
    elif level == "series":
        found[_INSTANCES_OF_SERIES] = _count(len(group))
    return found


def _count(number: int) -> Json:
    return {"vr": "IS", "Value": [number]}
