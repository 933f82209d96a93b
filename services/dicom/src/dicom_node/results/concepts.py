"""The codes that our objects use (DICOM PS3.16; SNOMED CT; UCUM), and the names that they carry."""

import uuid
from typing import Any

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID

from lobule import __version__
from lobule.contracts.result import Laterality

MANUFACTURER = "Lobule"
MODEL = "Lobule (research use only)"
VERSION = __version__
SERIAL = "none"

DCM: Any = codes.DCM
SCT: Any = codes.SCT
UCUM: Any = codes.UCUM

PIXELS = Code("{pixels}", "UCUM", "Pixels")
SIDES: dict[Laterality, Code] = {"R": SCT.Right, "L": SCT.Left}
LESION = SCT.Lesion
MASSES = frozenset({"mass", "benign", "malignant"})
"""Labels of findings that are masses."""
DETECTOR_PLANE = Code("detector-plane", "99LOBULE", "Measured in the plane of the detector")


def finding_type(label: str) -> Code:
    """What a finding of this label is."""
    return SCT.MammographicBreastMass if label in MASSES else LESION


def derived_uid(*names: str) -> UID:
    """A UID that follows from names, the same whenever it is asked for (DICOM PS3.5, B.2)."""
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(('lobule', *names))).int}")
