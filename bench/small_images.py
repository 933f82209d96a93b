"""Small valid images of every format that together cover the paths of its reader."""

import functools
import io

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

FORMATS = ("png", "jpeg", "tiff", "dicom")


@functools.cache
def seeds(file_format: str) -> list[bytes]:
    """Valid images of a format that together cover the paths of its reader."""
    return {"png": _pngs, "jpeg": _jpegs, "tiff": _tiffs, "dicom": _dicoms}[file_format]()


def _film(bits: int = 8) -> np.ndarray:
    y, x = np.mgrid[:72, :80]
    tissue = np.clip(1 - np.hypot(x / 80, (y - 36) / 36), 0, 1)
    noise = np.random.default_rng(0).integers(0, 9, tissue.shape)
    return ((tissue * 200 + noise) * 2 ** (bits - 8)).astype(np.uint8 if bits == 8 else np.uint16)


def _colour() -> np.ndarray:
    return np.stack([_film(), 255 - _film(), _film()[::-1]], axis=-1)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _pngs() -> list[bytes]:
    colour, exif = Image.fromarray(_colour()), Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    arrays = [_film(), _film(16), _colour(), np.dstack([_film(16)] * 2), np.dstack([_colour(), _film()])]
    return [
        *(bytes(imagecodecs.png_encode(a)) for a in arrays),
        _saved(colour.quantize(16), "PNG", bits=4, transparency=1),
        _saved(colour, "PNG", exif=exif, icc_profile=profile, dpi=(300, 300)),
    ]


def _jpegs() -> list[bytes]:
    colour, exif = Image.fromarray(_colour()), Image.Exif()
    exif[274] = 8
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        _saved(Image.fromarray(_film()), "JPEG"),
        _saved(colour, "JPEG", exif=exif, icc_profile=profile),
        _saved(colour, "JPEG", progressive=True),
        _saved(colour.convert("CMYK"), "JPEG"),
        _saved(colour, "JPEG", subsampling=0, restart_marker_blocks=4),
        bytes(imagecodecs.jpeg8_encode(_film(16) >> 4, bitspersample=12)),
        bytes(imagecodecs.jpeg8_encode(_film(16), lossless=True, bitspersample=16)),
    ]


def _tiffs() -> list[bytes]:
    made = [
        (_film(), {}),
        (_film(16), {"compression": "zlib", "predictor": 2, "rowsperstrip": 7}),
        (_film(16), {"compression": "lzw", "tile": (32, 32), "byteorder": ">"}),
        (_film(16), {"bigtiff": True, "compression": "packbits"}),
        (_colour(), {"photometric": "rgb", "compression": "jpeg", "tile": (32, 32)}),
        (np.moveaxis(_colour(), -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        (_film(), {"photometric": "palette", "colormap": np.arange(768, dtype=np.uint16).reshape(3, 256) * 85}),
        (np.dstack([_colour(), _film()]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        (np.dstack([_colour(), _film()]), {"photometric": "separated", "compression": "zstd"}),
        (_colour(), {"photometric": "cielab"}),
        (_film(16).astype(np.int16), {"extratags": [(274, "H", 1, 5, True)]}),
    ]
    files = []
    for pixels, options in made:
        stream = io.BytesIO()
        tifffile.imwrite(stream, pixels, **{"photometric": "minisblack", "metadata": None, **options})
        files.append(stream.getvalue())
    return files


def _dicoms() -> list[bytes]:
    deep = _film(16) >> 4
    codestreams: list[tuple[UID, bytes]] = [
        (JPEGLSLossless, bytes(imagecodecs.jpegls_encode(deep))),
        (JPEGLosslessSV1, bytes(imagecodecs.jpeg8_encode(deep, lossless=True, predictor=1, bitspersample=12))),
        (JPEG2000Lossless, bytes(imagecodecs.jpeg2k_encode(deep, codecformat="j2k", level=0, reversible=True))),
    ]
    plain = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    return [dicom_of(deep, syntax=uid, bits=12) for uid in plain] + [
        dicom_of(deep, stream, uid, bits=12) for uid, stream in codestreams
    ]


def dicom_of(
    pixels: np.ndarray, codestream: bytes | None = None, syntax: UID | None = None, bits: int | None = None
) -> bytes:
    """A mammogram in DICOM.

    Args:
        pixels: Pixels that its tags describe, and that it contains if there is no codestream.
        codestream: The compressed pixels.
        syntax: Transfer syntax; by default JPEG 2000 with a codestream, else explicit little endian.
        bits: Number of stored bits; by default all bits of the type.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = syntax or (JPEG2000Lossless if codestream else ExplicitVRLittleEndian)
    d = Dataset()
    d.file_meta = meta
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.Modality, d.PresentationIntentType, d.ImageLaterality, d.ViewPosition = "MG", "FOR PRESENTATION", "L", "CC"
    d.Rows, d.Columns = pixels.shape
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
    d.BitsAllocated = 8 * pixels.dtype.itemsize
    d.BitsStored = bits or d.BitsAllocated
    d.HighBit = d.BitsStored - 1
    d.ImagerPixelSpacing, d.WindowCenter, d.WindowWidth = [0.1, 0.1], [2048, 1000], [4096, 500]
    d.PatientName, d.PatientID, d.PatientOrientation, d.StudyDate = "Test^Film", "1", ["A", "R"], "20200102"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "R-10242", "SRT", "cranio-caudal"
    d.ViewCodeSequence = [item]
    d.PixelData = encapsulate([codestream]) if codestream else pixels.tobytes()
    if codestream:
        d["PixelData"].is_undefined_length, d["PixelData"].VR = True, "OB"
    elif pixels.dtype == np.uint16:
        d["PixelData"].VR = "OW"
    stream = io.BytesIO()
    d.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
