"""DICOM mammograms: every transfer syntax, written by dcmtk where it can, read bit by bit."""

import shutil
import subprocess

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, HTJ2KLossless, JPEG2000Lossless

from lobule.errors import AnalysisError
from lobule.imaging.dicom.reader import read_dicom


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


def test_tags_give_view_side_and_spacing(tmp_path, draw_film, write_dicom):
    tags = {"ViewPosition": "MLO", "ImageLaterality": "R", "ImagerPixelSpacing": [0.07, 0.07]}
    film = read_dicom(write_dicom(tmp_path / "a.dcm", draw_film(), 12, **tags).read_bytes())
    assert (film.view, film.laterality, film.pixel_spacing_mm) == ("MLO", "R", (0.07, 0.07))


def test_big_endian_is_exact(tmp_path, draw_film, write_dicom):
    for bits in (8, 12):
        pixels = draw_film(bits=bits)
        path = write_dicom(tmp_path / "a.dcm", pixels, bits)
        dcmtk("dcmconv", "+tb", path, tmp_path / "other.dcm")
        assert np.array_equal(read_dicom((tmp_path / "other.dcm").read_bytes()).pixels, pixels)


def test_extended_jpeg_of_12_bits_is_close_and_said_to_be_lossy(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    path = write_dicom(tmp_path / "a.dcm", pixels, 12)
    dcmtk("dcmcjpeg", "+ee", "+q", "95", path, tmp_path / "other.dcm")
    dcmtk("dcmdjpeg", tmp_path / "other.dcm", tmp_path / "decoded.dcm")
    film = read_dicom((tmp_path / "other.dcm").read_bytes())
    theirs = read_dicom((tmp_path / "decoded.dcm").read_bytes()).pixels
    assert np.abs(film.pixels.astype(int) - theirs).max() <= 1
    assert np.ptp(film.pixels) > 1000
    assert "lossy_compression" in [n.code for n in film.notices]


def test_high_throughput_jpeg_2000_is_exact(tmp_path, draw_film, write_dicom):
    pixels = draw_film(bits=12)
    dataset = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", pixels, 12))
    dataset.file_meta.TransferSyntaxUID = HTJ2KLossless
    dataset.PixelData = encapsulate([imagecodecs.htj2k_encode(pixels, reversible=True)])
    dataset.save_as(tmp_path / "b.dcm")
    assert np.array_equal(read_dicom((tmp_path / "b.dcm").read_bytes()).pixels, pixels)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.100", "1.2.3.4"])
def test_other_transfer_syntaxes_are_refused_by_name(syntax, tmp_path, draw_film, write_dicom):
    dataset = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", draw_film(), 12))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([b"\0" * 100])
    dataset.save_as(tmp_path / "b.dcm", implicit_vr=False, little_endian=True)
    with pytest.raises(AnalysisError, match=r"JPEG Full Progression|MPEG-2|1\.2\.3\.4") as caught:
        read_dicom((tmp_path / "b.dcm").read_bytes())
    assert caught.value.code == "unsupported_format"


def test_truncated_pixels_are_told(tmp_path, draw_film, write_dicom):
    path = write_dicom(tmp_path / "a.dcm", draw_film(), 12)
    dcmtk("dcmcjpeg", "+e1", path, tmp_path / "coded.dcm")
    for data in ((tmp_path / "coded.dcm").read_bytes(), path.read_bytes()):
        with pytest.raises(AnalysisError, match="cut off within its pixels") as caught:
            read_dicom(data[: len(data) // 2])
        assert caught.value.code == "image_truncated"
