"""The codes that our objects use (DICOM PS3.16; SNOMED CT; UCUM; BI-RADS), and the names that they carry."""

import uuid
from typing import Any

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID

from lobule import __version__
from lobule.contracts.breasts import BiRads, Density, Recommendation
from lobule.contracts.case import Verdict
from lobule.contracts.examination import LesionPlace
from lobule.contracts.findings import CALCIFICATION, MASS_LABELS
from lobule.contracts.reader import FindingKind
from lobule.contracts.result import Assessment, Laterality, SpacingPlane

MANUFACTURER = "Lobule"
MODEL = "Lobule (research use only)"
VERSION = __version__
SERIAL = "none"
EQUIPMENT: dict[str, Any] = {
    "manufacturer": MANUFACTURER,
    "manufacturer_model_name": MODEL,
    "software_versions": VERSION,
    "device_serial_number": SERIAL,
}
"""Who made an object, as highdicom asks for it."""

DCM: Any = codes.DCM
SCT: Any = codes.SCT
UCUM: Any = codes.UCUM

PIXELS = Code("{pixels}", "UCUM", "Pixels")
SIDES: dict[Laterality, Code] = {"R": SCT.Right, "L": SCT.Left}
BREASTS: dict[Laterality, Code] = {
    "R": Code("73056007", "SCT", "Right breast"),
    "L": Code("80248007", "SCT", "Left breast"),
}
"""CID 6022."""
CLOCK: list[Code] = [getattr(SCT, f"_{hour}OClockPosition") for hour in range(1, 13)]
"""CID 6018, by hours from 1."""
RETROAREOLAR = Code("129784002", "SCT", "Subareolar region")
"""CID 6018 too."""
VIEWS: dict[str, Code] = {
    "CC": Code("399162004", "SCT", "cranio-caudal"),
    "MLO": Code("399368009", "SCT", "medio-lateral oblique"),
    "ML": Code("399260004", "SCT", "medial-lateral"),
    "LM": Code("399352003", "SCT", "latero-medial"),
    "LMO": Code("399099002", "SCT", "latero-medial oblique"),
    "SIO": Code("399188001", "SCT", "superolateral to inferomedial oblique"),
    "ISO": Code("441555000", "SCT", "inferomedial to superolateral oblique"),
    "FB": Code("399196006", "SCT", "caudo-cranial"),
    "XCCL": Code("399192008", "SCT", "cranio-caudal exaggerated laterally"),
    "XCCM": Code("399101009", "SCT", "cranio-caudal exaggerated medially"),
}
"""CID 4014."""
_MAGNIFIED, _SPOT = Code("399163009", "SCT", "Magnification"), Code("399055006", "SCT", "Spot Compression")
VIEW_MODIFIERS: dict[str, tuple[Code, ...]] = {
    "M": (_MAGNIFIED,),
    "S": (_SPOT,),
    "SM": (_SPOT, _MAGNIFIED),
    "RL": (Code("399197002", "SCT", "Rolled Lateral"),),
    "RM": (Code("399226006", "SCT", "Rolled Medial"),),
    "RS": (Code("415670009", "SCT", "Rolled Superior"),),
    "RI": (Code("414493004", "SCT", "Rolled Inferior"),),
}
"""CID 4015."""
LESION = SCT.Lesion
CALCIFICATIONS = Code("129769006", "SCT", "Calcification Cluster")
KINDS: dict[FindingKind, Code] = {
    "mass": SCT.MammographicBreastMass,
    "calcification": CALCIFICATIONS,
    "asymmetry": Code("129790003", "SCT", "Asymmetric breast tissue"),
    "distortion": Code("129792006", "SCT", "Architectural distortion of breast"),
    "other": LESION,
}
"""What readers take their own findings for."""
PLANES: dict[SpacingPlane | None, Code | None] = {
    "patient": None,
    "detector": Code("detector-plane", "99LOBULE", "Measured in the plane of the detector"),
    None: Code("unknown-plane", "99LOBULE", "Measured in a plane that is not known"),
}
"""Where a length in millimetres holds; in the plane of the patient where nothing is said."""

ENGLISH = Code("en", "RFC5646", "English")
REPORT_TITLE = Code("18745-0", "LN", "Mammography report")
ASSESSMENT_CATEGORY = Code("111005", "DCM", "Assessment Category")
SUGGESTED_CATEGORY = Code("suggest-category", "99LOBULE", "Suggested assessment category")
SUGGESTED_COMPOSITION = Code("suggest-density", "99LOBULE", "Suggested breast composition")
"""What the system suggests has names of its own, so that nobody takes it for the reader's."""
ASSESSMENTS: dict[Assessment, Code] = {
    "malignancy_suspected": Code("suspected", "99LOBULE", "Malignancy suspected"),
    "not_sure": Code("not-sure", "99LOBULE", "Not sure"),
    "no_sign_of_malignancy": Code("no-sign", "99LOBULE", "No sign of malignancy"),
}
_BI = "4.0"
"""Version of the coding scheme BI, which the standard asks for: BI-RADS, 4th edition, 2003."""
BI_RADS: dict[BiRads, Code] = {
    0: Code("II.AC.a", "BI", "0 - Need additional imaging evaluation", _BI),
    1: Code("II.AC.b.1", "BI", "1 - Negative", _BI),
    2: Code("II.AC.b.2", "BI", "2 - Benign Finding", _BI),
    3: Code("II.AC.b.3", "BI", "3 - Probably Benign Finding - short interval follow-up", _BI),
    4: Code("II.AC.b.4", "BI", "4 - Suspicious abnormality, biopsy should be considered", _BI),
    5: Code("II.AC.b.5", "BI", "5 - Highly suggestive of malignancy, take appropriate action", _BI),
    6: Code("birads-6", "99LOBULE", "6 - Known biopsy proven malignancy"),
}
"""CID 6027, which has no category 6 of the 5th edition."""
BREAST_COMPOSITION = Code("129715009", "SCT", "Breast composition")
DENSITIES: dict[Density, Code] = {
    "a": Code("129716005", "SCT", "Almost entirely fat"),
    "b": Code("129717001", "SCT", "Scattered fibroglandular densities"),
    "c": Code("129718006", "SCT", "Heterogeneously dense"),
    "d": Code("129719003", "SCT", "Extremely dense"),
}
"""CID 6001."""
RECOMMENDATIONS: dict[Recommendation, Code] = {
    "routine_screening": Code("111140", "DCM", "Normal interval follow-up"),
    "short_follow_up": Code("111142", "DCM", "Follow-up at short interval (1-11 months)"),
    "further_imaging": Code("further-imaging", "99LOBULE", "Further imaging"),
    "biopsy": Code("111143", "DCM", "Biopsy should be considered"),
    "treatment": Code("treatment", "99LOBULE", "Treatment"),
}
"""CID 6028, which has no code for treatment by itself."""
PROVEN = Code("111122", "DCM", "Known biopsy proven malignancy - take appropriate action")
"""CID 6028 too, but it states a biopsy: only for treatment with category 6."""
VERDICT = Code("verdict", "99LOBULE", "Verdict of the reader")
VERDICTS: dict[Verdict, Code] = {
    "confirmed": Code("410605003", "SCT", "Confirmed present"),
    "dismissed": Code("410516002", "SCT", "Known absent"),
}


def place_code(place: LesionPlace | None) -> Code | None:
    """The hour on the clock face, or the region behind the nipple; None if neither is known."""
    if place is None or (place.clock is None and not place.retroareolar):
        return None
    return CLOCK[place.clock - 1] if place.clock else RETROAREOLAR


def finding_type(label: str) -> Code:
    """The code of a finding with this label."""
    if label == CALCIFICATION:
        return CALCIFICATIONS
    return SCT.MammographicBreastMass if label in MASS_LABELS else LESION


def derived_uid(*names: str) -> UID:
    """A UID derived from names; the same names always give the same UID (DICOM PS3.5, B.2)."""
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(('lobule', *names))).int}")
