"""DICOM mammograms: every transfer syntax, written by dcmtk where it can, read bit by bit."""

import shutil
import subprocess

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000, DigitalMammographyXRayImageStorageForProcessing, JPEG2000Lossless

from lobule.contracts.errors import AnalysisError
from lobule.imaging.dicom import read_dicom


def dcmtk(tool, *arguments):
    if shutil.which(tool) is None:
        pytest.skip(f"dcmtk's {tool} is not installed (Debian package dcmtk)")
    subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True)


LOSSLESS = {
    "implicit": ("dcmconv", "+ti"),
    "deflated": ("dcmconv", "+td"),
    "jpeg-lossless": ("dcmcjpeg", "+el", "+sv", "6"),
    "jpeg-lossless-sv1": ("dcmcjpeg", "+e1"),
    "jpeg-ls": ("dcmcjpls", "+el"),
    "rle": ("dcmcrle",),
}


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_syntaxes_are_exact(syntax, bits, tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=bits)
    plain = write_dicom(tmp_path / "plain.dcm", pixels, bits)
    tool, *options = LOSSLESS[syntax]
    dcmtk(tool, *options, plain, tmp_path / "coded.dcm")
    film = read_dicom((tmp_path / "coded.dcm").read_bytes())
    assert np.array_equal(film.pixels, pixels)


def jpeg2000(path, pixels, bits, write_dicom, syntax, **how):
    """dcmtk writes no JPEG 2000; OpenJPEG does, by imagecodecs."""
    dataset = pydicom.dcmread(write_dicom(path, pixels, bits))
    dataset.file_meta.TransferSyntaxUID = syntax
    coded = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", bitspersample=bits, **how)
    dataset.PixelData = encapsulate([coded])
    dataset.save_as(path)
    return path.read_bytes()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_jpeg2000_is_exact(bits, tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=bits)
    data = jpeg2000(tmp_path / "a.dcm", pixels, bits, write_dicom, JPEG2000Lossless, level=0)
    assert np.array_equal(read_dicom(data).pixels, pixels)


def test_lossy_jpeg2000_is_close_and_said_to_be_lossy(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    film = read_dicom(jpeg2000(tmp_path / "a.dcm", pixels, 12, write_dicom, JPEG2000, level=70, reversible=False))
    error = np.abs(film.pixels.astype(int) - pixels)
    assert 0 < error.max() < 12
    assert "lossy_compression" in [n.code for n in film.notices]


def test_near_lossless_jpeg_ls_keeps_its_bound(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    plain = write_dicom(tmp_path / "plain.dcm", pixels, 12)
    dcmtk("dcmcjpls", "+en", "+md", "3", plain, tmp_path / "coded.dcm")
    film = read_dicom((tmp_path / "coded.dcm").read_bytes())
    assert 0 < np.abs(film.pixels.astype(int) - pixels).max() <= 3
    dcmtk("dcmdjpls", tmp_path / "coded.dcm", tmp_path / "decoded.dcm")
    assert np.array_equal(film.pixels, read_dicom((tmp_path / "decoded.dcm").read_bytes()).pixels)
    assert "lossy_compression" in [n.code for n in film.notices]


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_of_lossless_jpeg_is_exact(predictor, tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    plain = write_dicom(tmp_path / "plain.dcm", pixels, 12)
    dcmtk("dcmcjpeg", "+el", "+sv", predictor, plain, tmp_path / "coded.dcm")
    assert np.array_equal(read_dicom((tmp_path / "coded.dcm").read_bytes()).pixels, pixels)


def test_jpeg_baseline_is_close_and_said_to_be_lossy(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=8)
    plain = write_dicom(tmp_path / "plain.dcm", pixels, 8)
    dcmtk("dcmcjpeg", "+eb", "+q", "95", plain, tmp_path / "coded.dcm")
    film = read_dicom((tmp_path / "coded.dcm").read_bytes())
    dcmtk("dcmdjpeg", tmp_path / "coded.dcm", tmp_path / "decoded.dcm")
    theirs = read_dicom((tmp_path / "decoded.dcm").read_bytes()).pixels
    assert np.abs(film.pixels.astype(int) - theirs).max() <= 1
    assert np.ptp(film.pixels) > 100
    assert "lossy_compression" in [n.code for n in film.notices]


def test_monochrome1_is_inverted(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    path = write_dicom(tmp_path / "a.dcm", pixels.max() - pixels, 12, PhotometricInterpretation="MONOCHROME1")
    film = read_dicom(path.read_bytes())
    assert np.array_equal(film.pixels, pixels - pixels.min())


def test_window_is_applied(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    path = write_dicom(tmp_path / "a.dcm", pixels, 12, WindowCenter=2000, WindowWidth=1000)
    film = read_dicom(path.read_bytes())
    assert film.pixels[pixels <= 1499].max() == film.pixels.min()
    assert film.pixels[pixels >= 2501].min() == film.pixels.max()


def test_voi_lut_is_applied(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=8)
    lut = Dataset()
    lut.LUTDescriptor = [256, 0, 16]
    lut.add_new("LUTData", "OW", (np.arange(256, dtype="<u2") ** 2).tobytes())
    path = write_dicom(tmp_path / "a.dcm", pixels, 8)
    dataset = pydicom.dcmread(path)
    dataset.VOILUTSequence = Sequence([lut])
    dataset.save_as(path)
    assert np.array_equal(read_dicom(path.read_bytes()).pixels, pixels.astype(np.uint16) ** 2)


def test_tags_give_view_side_and_spacing(tmp_path, draw_film, write_dicom):
    tags = {"ViewPosition": "MLO", "ImageLaterality": "R", "ImagerPixelSpacing": [0.07, 0.07]}
    film = read_dicom(write_dicom(tmp_path / "a.dcm", draw_film(), 12, **tags).read_bytes())
    assert (film.view, film.laterality, film.pixel_spacing_mm) == ("MLO", "R", (0.07, 0.07))


@pytest.mark.parametrize(
    ("tags", "code", "words"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, "unsupported_format", "for processing"),
        (
            {"PresentationIntentType": "", "SOPClassUID": DigitalMammographyXRayImageStorageForProcessing},
            "unsupported_format",
            "for presentation",
        ),
        ({"NumberOfFrames": 3}, "unsupported_format", "3 frames"),
        ({"Modality": "CT"}, "not_mammogram", "CT"),
        ({"BitsStored": 7, "HighBit": 6}, "unsupported_format", "7 bits"),
    ],
)
def test_refusals_say_what_was_met(tags, code, words, tmp_path, draw_film, write_dicom):
    path = write_dicom(tmp_path / "a.dcm", draw_film(), 12, **tags)
    with pytest.raises(AnalysisError, match=words) as caught:
        read_dicom(path.read_bytes())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("tool", "option", "name"),
    [("dcmconv", "+tb", "Explicit VR Big Endian"), ("dcmcjpeg", "+ee", "JPEG Extended")],
)
def test_unknown_transfer_syntax_is_named(tool, option, name, tmp_path, draw_film, write_dicom):
    path = write_dicom(tmp_path / "a.dcm", draw_film(), 12)
    dcmtk(tool, option, path, tmp_path / "other.dcm")
    with pytest.raises(AnalysisError, match=name):
        read_dicom((tmp_path / "other.dcm").read_bytes())


def test_truncated_pixels_are_told(tmp_path, draw_film, write_dicom):
    path = write_dicom(tmp_path / "a.dcm", draw_film(), 12)
    dcmtk("dcmcjpeg", "+e1", path, tmp_path / "coded.dcm")
    data = (tmp_path / "coded.dcm").read_bytes()
    with pytest.warns(UserWarning, match="End of file"), pytest.raises(AnalysisError, match="cut off"):
        read_dicom(data[: len(data) // 2])
    plain = path.read_bytes()
    with pytest.raises(AnalysisError, match="Explicit VR Little Endian, 12 bits"):
        read_dicom(plain[: len(plain) // 2])
