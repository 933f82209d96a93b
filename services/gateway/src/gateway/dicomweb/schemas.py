"""The answer of STOW-RS in the DICOM JSON model (PS3.18, annex F)."""

from collections.abc import Sequence
from typing import Any

from gateway.dicomweb.service import StoreOutcome

DICOM_JSON = "application/dicom+json"
STOW_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        'multipart/related; type="application/dicom"': {
            "schema": {
                "type": "object",
                "properties": {
                    "instances": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary", "contentMediaType": "application/dicom"},
                        "description": "DICOM files, each a part of the body",
                    }
                },
            }
        }
    },
}
STOW_ANSWER: dict[str, Any] = {
    "content": {DICOM_JSON: {"schema": {"type": "object", "description": "attributes by tag, see PS3.18, annex F"}}}
}
DATA_SETS: dict[str, Any] = {
    "content": {
        DICOM_JSON: {
            "schema": {
                "type": "array",
                "items": {"type": "object", "description": "attributes by tag, see PS3.18, annex F"},
            }
        }
    }
}


def stow_answer(stored: Sequence[StoreOutcome]) -> dict[str, Any]:
    """What became of the instances, as attributes by tag."""
    failed = [each for each in stored if each.failure is not None]
    sequences = {
        "00081198": [_item(each) for each in failed if each.sop_instance_uid],
        "00081199": [_item(each) for each in stored if each.failure is None],
        "0008119A": [_reason(each) for each in failed if not each.sop_instance_uid],
    }
    return {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


def _item(stored: StoreOutcome) -> dict[str, Any]:
    item: dict[str, Any] = {
        "00081150": {"vr": "UI", "Value": [stored.sop_class_uid]} if stored.sop_class_uid else {"vr": "UI"},
        "00081155": {"vr": "UI", "Value": [stored.sop_instance_uid]} if stored.sop_instance_uid else {"vr": "UI"},
    }
    return item | _reason(stored)


def _reason(stored: StoreOutcome) -> dict[str, Any]:
    return {} if stored.failure is None else {"00081197": {"vr": "US", "Value": [stored.failure]}}
