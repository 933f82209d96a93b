"""Mammograms in DICOM."""

import io
from typing import Any, get_args

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Laterality, Notice, View
from lobule.imaging import dicom_codecs
from lobule.imaging.film import Film

TRANSFER_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    RLELossless,
)
dicom_codecs.register()
_LOSSY = (JPEGBaseline8Bit, JPEGLSNearLossless, JPEG2000)
_MODALITIES = ("MG", "CR", "DX", "SC", "OT")  # scanned films are filed as any of them


def read_dicom(data: bytes) -> Film:
    """Read a mammogram, its modality LUT and VOI LUT or window applied, MONOCHROME1 inverted.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: `unsupported_format` for a transfer syntax that is not in `TRANSFER_SYNTAXES`, a depth beyond
            16 bits, several frames or an image "for processing"; `not_mammogram` for another modality;
            `image_unreadable` or `image_truncated` where the pixels cannot be decoded.
    """
    try:
        dataset = pydicom.dcmread(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 - parsers of hostile bytes raise anything
        raise AnalysisError(
            "image_unreadable", f"The DICOM file is damaged ({type(error).__name__}). Please export it again."
        ) from None
    syntax = _check(dataset)
    try:
        pixels = dataset.pixel_array
        if pixels.ndim == 2:
            pixels = apply_voi_lut(apply_modality_lut(pixels, dataset), dataset)
    except Exception as error:  # noqa: BLE001 - as above
        words = str(error).lower()
        code = "image_truncated" if "less than" in words or "truncat" in words else "image_unreadable"
        raise AnalysisError(
            code,
            f"The DICOM file's pixels cannot be decoded ({syntax.name}, {dataset.BitsStored} bits stored): "
            "it is damaged or cut off. Please export it again.",
        ) from None
    grey, colourfulness = _monochrome(pixels, str(dataset.get("PhotometricInterpretation", "MONOCHROME2")))
    notices: list[Notice] = []
    if syntax in _LOSSY:
        notices.append(Notice(code="lossy_compression", detail=f"The film was compressed with losses ({syntax.name})."))
    if "VOILUTSequence" not in dataset and "WindowCenter" not in dataset:
        notices.append(
            Notice(code="no_window", detail="The file names no window; the whole range of its values is shown.")
        )
    return Film(grey, _view(dataset), _laterality(dataset), _spacing(dataset), colourfulness, notices)


def _check(dataset: pydicom.Dataset) -> UID:
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None or syntax not in TRANSFER_SYNTAXES:
        raise AnalysisError(
            "unsupported_format",
            f"The DICOM file uses the transfer syntax {getattr(syntax, 'name', 'none')!r}, which is not read here. "
            "Please export it uncompressed or as lossless JPEG, JPEG-LS, JPEG 2000 or RLE.",
        )
    modality = str(dataset.get("Modality", "MG") or "MG")
    if modality not in _MODALITIES:
        raise AnalysisError("not_mammogram", f"The DICOM file's modality is {modality}, not mammography (MG).")
    if "PixelData" not in dataset:
        raise AnalysisError(
            "image_unreadable",
            f"The DICOM file ({syntax.name}) holds no pixels, or was cut off in them. Please export it again.",
        )
    bits = int(dataset.get("BitsStored", 0))
    if not 8 <= bits <= 16:
        raise AnalysisError("unsupported_format", f"The DICOM file stores {bits} bits per pixel; 8 to 16 can be read.")
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    if frames > 1:
        raise AnalysisError(
            "unsupported_format",
            f"The DICOM file holds {frames} frames, as tomosynthesis has; a single film can be read. "
            "Please send the two-dimensional (or synthesised) view.",
        )
    raw = dataset.get("SOPClassUID") == DigitalMammographyXRayImageStorageForProcessing
    if raw or str(dataset.get("PresentationIntentType", "")).upper() == "FOR PROCESSING":
        raise AnalysisError(
            "unsupported_format",
            'This is the detector\'s raw image ("for processing"). Please send the image "for presentation", '
            "the one that is read at the workstation.",
        )
    return syntax


def _monochrome(pixels: NDArray[Any], photometric: str) -> tuple[NDArray[Any], float]:
    if pixels.ndim == 3:
        colours = pixels[..., :3].astype(np.int32)
        spread = float((colours.max(axis=-1) - colours.min(axis=-1)).mean()) / max(1.0, float(colours.max()))
        return colours.mean(axis=-1).astype(np.float32), spread
    values = pixels.astype(np.float32) if pixels.dtype.kind != "u" else pixels
    if photometric == "MONOCHROME1":
        values = (values.max() + values.min() - values).astype(values.dtype)
    return values, 0.0


def _view(dataset: pydicom.Dataset) -> View | None:
    words = str(dataset.get("ViewPosition", "") or "").upper()
    if not words:
        for code in dataset.get("ViewCodeSequence", []) or []:
            meaning = str(code.get("CodeMeaning", "")).lower()
            words = "CC" if "cranio-caudal" in meaning or "craniocaudal" in meaning else words
            words = "MLO" if "medio-lateral oblique" in meaning or "mediolateral oblique" in meaning else words
    return next((v for v in get_args(View) if v == words), None)


def _laterality(dataset: pydicom.Dataset) -> Laterality | None:
    words = str(dataset.get("ImageLaterality", "") or dataset.get("Laterality", "") or "").upper()
    return next((side for side in get_args(Laterality) if side == words), None)


def _spacing(dataset: pydicom.Dataset) -> tuple[float, float] | None:
    found: Any = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    if not found or len(found) != 2:
        return None
    row, column = float(found[0]), float(found[1])
    return (row, column) if row > 0 and column > 0 else None
