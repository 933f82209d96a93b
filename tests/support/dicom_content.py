"""Names objects that tests make, and reads the content of structured reports."""

import pydicom
from pydicom.uid import generate_uid


def items(item: pydicom.Dataset, code: str) -> list[pydicom.Dataset]:
    """All content items of this concept, at any depth."""
    found = []
    for each in item.get("ContentSequence", []):
        if each.get("ConceptNameCodeSequence") and each.ConceptNameCodeSequence[0].CodeValue == code:
            found.append(each)
        found += items(each, code)
    return found


def values(report: pydicom.Dataset, code: str) -> list[str | float]:
    """The values of the items of this concept: code, number or text."""
    said = []
    for each in items(report, code):
        if each.ValueType == "CODE":
            said.append(each.ConceptCodeSequence[0].CodeValue)
        elif each.ValueType == "NUM":
            said.append(float(each.MeasuredValueSequence[0].NumericValue))
        else:
            said.append(each.TextValue)
    return said


def names() -> dict[str, str]:
    """UIDs for a new object and its series."""
    return {"uid": generate_uid(), "series_uid": generate_uid()}
