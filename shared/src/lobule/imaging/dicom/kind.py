"""Decides by SOP class, modality and purpose whether a DICOM object is a film; everything else is refused by name."""

from lobule.contracts.errors import AnalysisError
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
MODALITIES = ("MG", "CR", "DX", "SC", "OT")  # scanned films are filed as any of them

_PRESENTATION = (
    'This is the detector\'s raw image ("for processing"). Please send the image "for presentation", '
    "the one that is read at the workstation."
)
_FLAT = "Please send the two-dimensional (or synthesised) view, a digital mammography image for presentation."
_REFUSED = {
    _STORAGE + "1.1.1": _PRESENTATION,
    _STORAGE + "1.2.1": _PRESENTATION,
    _STORAGE + "13.1.3": f"This is a breast tomosynthesis, a stack of slices. {_FLAT}",
    _STORAGE + "13.1.4": f"This is a breast projection X-ray image, one shot of a tomosynthesis. {_FLAT}",
    _STORAGE + "13.1.5": f"This is a raw breast projection X-ray image, one shot of a tomosynthesis. {_FLAT}",
}
_OTHERS = (
    ("6.1", "an ultrasound image"),
    ("3.1", "an ultrasound recording"),
    ("4", "a magnetic resonance image"),
    ("2", "a computed tomography"),
    ("128", "a positron emission tomography"),
    ("20", "a nuclear medicine image"),
    ("88", "a structured report"),
    ("104", "a document"),
    ("11", "a presentation state"),
    ("66", "a segmentation or registration"),
    ("77.1", "a photograph or a microscopic image"),
    ("12", "an angiography"),
)
_SEND_FILM = "Please send the mammogram itself, a digital mammography image for presentation."


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
        raise AnalysisError("not_mammogram", f"This DICOM object is {_name(sop_class)}, no film. {_SEND_FILM}")
    modality = tags.code(Tag.MODALITY) or "MG"
    if modality not in MODALITIES:
        raise AnalysisError(
            "not_mammogram", f"The DICOM file's modality is {modality[:16]}, not mammography (MG). {_SEND_FILM}"
        )
    if tags.code(Tag.PRESENTATION_INTENT) == "FOR PROCESSING":
        raise AnalysisError("unsupported_format", _PRESENTATION)
    frames = tags.integer(Tag.NUMBER_OF_FRAMES) or 1
    if frames > 1:
        raise AnalysisError(
            "animated_image",
            f"The DICOM file holds {frames} frames, as tomosynthesis has; a single film can be read. {_FLAT}",
        )
    if reason := _no_screening(tags):
        raise AnalysisError(
            "not_screening_view",
            f"This image shows {reason}, not a screening view of a breast. Nothing was analysed. {_SEND_FILM}",
        )


def _no_screening(tags: Tags) -> str | None:
    if shows_specimen(tags):
        return "a specimen"
    if tags.code(Tag.QUALITY_CONTROL) == "YES" or tags.code(Tag.CALIBRATION_IMAGE) == "YES":
        return "a quality control or calibration object"
    kinds = [kind.upper() for kind in tags.texts(Tag.IMAGE_TYPE)[2:]]
    if tags.code(Tag.BODY_PART) == "PHANTOM" or "PHANTOM" in kinds:
        return "a phantom"
    if any(kind.startswith("STEREO") for kind in kinds):
        return "a stereotactic guidance view"
    return None


def _name(sop_class: str) -> str:
    kind = sop_class.removeprefix(_STORAGE)
    for prefix, name in _OTHERS:
        if kind == prefix or kind.startswith(prefix + "."):
            return name
    if sop_class == "1.2.840.10008.1.3.10":
        return "a directory of files (DICOMDIR)"
    return "of a class that is not known here"
