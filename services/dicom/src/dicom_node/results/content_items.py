"""Content items of structured reports as plain data sets (DICOM PS3.3, C.17.3), with children and references."""

from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DSfloat

_PERCENT = Code("%", "UCUM", "Percent")


def container(relationship: str, name: Code, *children: Dataset) -> Dataset:
    """A section."""
    item = _item(relationship, "CONTAINER", name, children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def code(relationship: str, name: Code, value: Code, *children: Dataset) -> Dataset:
    """A coded value."""
    item = _item(relationship, "CODE", name, children)
    item.ConceptCodeSequence = [_concept(value)]
    return item


def text(relationship: str, name: Code, value: str) -> Dataset:
    """A text."""
    item = _item(relationship, "TEXT", name)
    item.TextValue = value
    return item


def number(relationship: str, name: Code, value: float, unit: Code) -> Dataset:
    """A number with its unit."""
    item, measured = _item(relationship, "NUM", name), Dataset()
    measured.NumericValue = DSfloat(value, auto_format=True)
    measured.MeasurementUnitsCodeSequence = [_concept(unit)]
    item.MeasuredValueSequence = [measured]
    return item


def percent(relationship: str, name: Code, value: float) -> Dataset:
    """A probability, 0 to 1, in percent."""
    return number(relationship, name, round(100 * value, 1), _PERCENT)


def image(relationship: str, header: Dataset, *children: Dataset) -> Dataset:
    """An image."""
    item, referenced = _item(relationship, "IMAGE", None, children), Dataset()
    referenced.ReferencedSOPClassUID = header.SOPClassUID
    referenced.ReferencedSOPInstanceUID = header.SOPInstanceUID
    item.ReferencedSOPSequence = [referenced]
    return item


def point(relationship: str, name: Code, x: float, y: float, *children: Dataset) -> Dataset:
    """A point, column and row."""
    return _drawn(relationship, "POINT", name, [(x, y)], children)


def polyline(relationship: str, name: Code, line: Iterable[Iterable[float]], *children: Dataset) -> Dataset:
    """A line through points, each column and row."""
    return _drawn(relationship, "POLYLINE", name, line, children)


def reference(relationship: str, *place: int) -> Dataset:
    """A reference to an item elsewhere in the tree, by its position, where 1 is the root."""
    item = Dataset()
    item.RelationshipType, item.ReferencedContentItemIdentifier = relationship, list(place)
    return item


def _drawn(
    relationship: str, kind: str, name: Code, points: Iterable[Iterable[float]], children: tuple[Dataset, ...]
) -> Dataset:
    item = _item(relationship, "SCOORD", name, children)
    item.GraphicType, item.GraphicData = kind, [float(value) for each in points for value in each]
    return item


def _item(relationship: str, value_type: str, name: Code | None, children: Iterable[Dataset] = ()) -> Dataset:
    item = Dataset()
    if relationship:
        item.RelationshipType = relationship
    item.ValueType = value_type
    if name is not None:
        item.ConceptNameCodeSequence = [_concept(name)]
    if nested := list(children):
        item.ContentSequence = nested
    return item


def _concept(value: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value.value, value.scheme_designator, value.meaning
    return item
