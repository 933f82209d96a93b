"""Decides by SOP class, modality and purpose whether a DICOM object is a film; everything else is refused by name."""

import re

from lobule.errors import AnalysisError
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.views import shows_specimen
from lobule.imaging.dicom.vocabulary import Tag

_STORAGE = "1.2.840.10008.5.1.4.1.1."
FILMS = frozenset(
    _STORAGE + kind
    for kind in (
        "1",  # computed radiography
        "1.1",  # digital X-ray, for presentation
        "1.2",  # digital mammography X-ray, for presentation
        "7",  # secondary capture, as scanners file films
        "7.2",
        "7.3",
        "7.4",
    )
)
_BREAST = ("BREAST", "MAMM", "CHESTWALL", "AXILLA")
"""Values of *Body Part Examined* for scanned films."""
_OTHER_PARTS = (
    "ABDOMEN ANKLE ARM BLADDER BOWEL BRAIN CALCANEUS CHEST CLAVICLE COCCYX COLON CSPINE CTSPINE ELBOW ESOPHAGUS "
    "EXTREMITY FEMUR FIBULA FINGER FOOT FOREARM HAND HEAD HEART HIP HUMERUS JAW KIDNEY KNEE LEG LIVER LSPINE "
    "LSSPINE LUNG MANDIBLE MAXILLA NECK NOSE ORBIT PATELLA PELVIS RADIUS RADIUSULNA RIB RIBS SACRUM SCAPULA "
    "SHOULDER SINUS SKULL SPINE SSPINE STERNUM STOMACH TEETH THIGH THORAX THUMB TIBIA TIBIAFIBULA TLSPINE TOE TOOTH "
    "TSPINE ULNA UTERUS WHOLEBODY WRIST ZYGOMA"
)
"""Its values for other body parts (PS3.16, annex L). Any other value is treated as a site's word for the breast."""
_SUBTRACTED = frozenset({"RECOMBINED", "SUBTRACTION", "SUBTRACTED"})
"""Kinds of contrast-enhanced mammography that show the contrast agent instead of tissue."""
MODALITIES = ("MG", "CR", "DX", "SC", "OT")  # scanned films are filed as any of them

_REFUSED = {  # SOP classes and the reason for refusing them
    _STORAGE + "1.1.1": "for_processing",
    _STORAGE + "1.2.1": "for_processing",
    _STORAGE + "13.1.3": "tomosynthesis",
    _STORAGE + "13.1.4": "projection",
    _STORAGE + "13.1.5": "raw_projection",
}
_OTHERS = (
    ("6.1", "ultrasound_image"),
    ("3.1", "ultrasound_recording"),
    ("4", "magnetic_resonance"),
    ("2", "computed_tomography"),
    ("128", "positron_emission"),
    ("20", "nuclear_medicine"),
    ("88", "structured_report"),
    ("104", "document"),
    ("11", "presentation_state"),
    ("66", "segmentation"),
    ("77.1", "photograph"),
    ("12", "angiography"),
)


def check_kind(tags: Tags) -> None:
    """Refuse anything but a film of a breast.

    Raises:
        AnalysisError: `unsupported_format` for raw images, tomosynthesis and its projections; `not_mammogram` for
            other objects and modalities; `not_screening_view` for specimens, phantoms, quality control and
            stereotactic guidance; `animated_image` for several frames.
    """
    sop_class = tags.text(Tag.SOP_CLASS_UID)
    if sop_class in _REFUSED:
        raise AnalysisError("unsupported_format", _REFUSED[sop_class])
    if sop_class is not None and sop_class not in FILMS:
        raise AnalysisError("not_mammogram", "dicom_object", object=_name(sop_class))
    modality = tags.code(Tag.MODALITY) or "MG"
    if modality not in MODALITIES:
        raise AnalysisError("not_mammogram", "dicom_modality", modality=modality[:16])
    if tags.code(Tag.PRESENTATION_INTENT) == "FOR PROCESSING":
        raise AnalysisError("unsupported_format", "for_processing")
    part = tags.code(Tag.BODY_PART)
    if modality != "MG" and part and _is_other(part):
        raise AnalysisError("not_mammogram", "body_part", part=part[:16])
    kinds = kinds_of(tags)
    if "GENERATED_2D" not in kinds and any(kind.startswith("TOMO") for kind in kinds):
        raise AnalysisError("unsupported_format", "tomosynthesis")
    frames = tags.integer(Tag.NUMBER_OF_FRAMES) or 1
    if frames > 1:
        raise AnalysisError("animated_image", "frames", frames=frames)
    if reason := _no_screening(tags):
        raise AnalysisError("not_screening_view", reason)


def _is_other(part: str) -> bool:
    words = re.findall(r"[A-Z]+", part)
    return any(word in _OTHER_PARTS.split() for word in words) and not any(name in part for name in _BREAST)


def kinds_of(tags: Tags) -> set[str]:
    """The values of *Image Type* from the third one on, in capitals."""
    return {kind.upper() for kind in tags.texts(Tag.IMAGE_TYPE)[2:]}


def _no_screening(tags: Tags) -> str | None:
    if shows_specimen(tags):
        return "specimen"
    if tags.code(Tag.QUALITY_CONTROL) == "YES" or tags.code(Tag.CALIBRATION_IMAGE) == "YES":
        return "quality_control"
    kinds = kinds_of(tags)
    if kinds & _SUBTRACTED:
        return "subtraction"
    if tags.code(Tag.BODY_PART) == "PHANTOM" or "PHANTOM" in kinds:
        return "phantom"
    if any(kind.startswith("STEREO") for kind in kinds):
        return "stereotactic"
    return None


def _name(sop_class: str) -> str:
    kind = sop_class.removeprefix(_STORAGE)
    for prefix, name in _OTHERS:
        if kind == prefix or kind.startswith(prefix + "."):
            return name
    if sop_class == "1.2.840.10008.1.3.10":
        return "directory"
    return "unknown"
