"""DDSM's own format against dcmtk as an independent encoder, and against hand-made outlines."""

import json
import shutil
import subprocess

import cv2
import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from lobule.errors import AnalysisError
from mammo_worker.data.prepare_ddsm import prepare_ddsm
from mammo_worker.films.ddsm import (
    FilmEntry,
    decode_ljpeg,
    fill_outline,
    follow_chain,
    normalise,
    optical_density,
    parse_ics,
    parse_overlay,
)

OVERLAY = """TOTAL_ABNORMALITIES 1
ABNORMALITY 1
LESION_TYPE MASS SHAPE OVAL MARGINS SPICULATED
ASSESSMENT 4
SUBTLETY 3
PATHOLOGY MALIGNANT
TOTAL_OUTLINES 1
BOUNDARY
40 60 2 2 2 2 4 4 4 4 6 6 6 6 0 0 0 0 #
"""


@pytest.fixture(scope="module")
def encode_ljpeg(tmp_path_factory, write_dicom):
    if shutil.which("dcmcjpeg") is None:
        pytest.skip("dcmtk's dcmcjpeg is not installed (Debian package dcmtk)")
    folder = tmp_path_factory.mktemp("ljpeg")

    def encode(pixels, bits, predictor):
        write_dicom(folder / "plain.dcm", pixels, bits)
        command = ["dcmcjpeg", "+el", "+sv", str(predictor), folder / "plain.dcm", folder / "coded.dcm"]
        subprocess.run(command, check=True, capture_output=True)
        return next(generate_frames(pydicom.dcmread(folder / "coded.dcm").PixelData, number_of_frames=1))

    return encode


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_and_precision_is_exact(bits, predictor, draw_film):
    pixels = draw_film(97, 61, bits)
    coded = imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=bits, predictor=predictor)
    assert coded[coded.find(b"\xff\xc3") + 4] == bits
    assert np.array_equal(decode_ljpeg(coded, FilmEntry(97, 61, bits, 43.5, overlay=False)), pixels)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("predictor", range(1, 8))
def test_ljpeg_of_dcmtk_is_exact(bits, predictor, encode_ljpeg, draw_film):
    pixels = draw_film(97, 61, bits)
    entry = FilmEntry(97, 61, bits, 43.5, overlay=False)
    assert np.array_equal(decode_ljpeg(encode_ljpeg(pixels, bits, predictor), entry), pixels)


def test_ljpeg_size_comes_from_the_case_file(encode_ljpeg, draw_film):
    coded = encode_ljpeg(draw_film(96, 60, 12), 12, 1)
    assert decode_ljpeg(coded, FilmEntry(60, 96, 12, 43.5, overlay=False)).shape == (60, 96)
    with pytest.raises(AnalysisError, match=r"5760 pixels \(lossless JPEG, 16 bits\)"):
        decode_ljpeg(coded, FilmEntry(97, 60, 12, 43.5, overlay=False))


def test_refused_stream_is_described():
    with pytest.raises(AnalysisError, match="no JPEG frame header"):
        decode_ljpeg(b"nothing of the kind", FilmEntry(9, 9, 12, 43.5, overlay=False))


def test_real_case_file(shared_data):
    case = parse_ics((shared_data / "ddsm_metadata" / "D-4500-1.ics").read_text())
    assert (case.name, case.age, case.density, case.digitizer) == ("D-4500-1", 63, 3, "HOWTEK-ISMD")
    assert case.films["RIGHT_MLO"] == FilmEntry(5386, 2371, 12, 43.5, overlay=False)
    assert len(case.films) == 4


def test_chain_code_goes_up_then_clockwise():
    path = follow_chain("10 20 0 1 2 3 4 5 6 7 #")
    expected = [(10, 20), (10, 19), (11, 18), (12, 18), (13, 19), (13, 20), (12, 21), (11, 21), (10, 20)]
    assert path.tolist() == [list(p) for p in expected]
    with pytest.raises(ValueError, match="beyond 7"):
        follow_chain("10 20 0 8 #")


def test_overlay_becomes_a_filled_mask():
    (mark,) = parse_overlay(OVERLAY)
    assert mark.pathology == "MALIGNANT"
    assert mark.assessment == 4
    mask = fill_outline(mark.boundary, 100, 100) > 0
    assert mask.sum() == 25
    assert mask[60:65, 40:45].all()
    with pytest.raises(ValueError, match="2 abnormalities are announced, but the file has 1"):
        parse_overlay(OVERLAY.replace("TOTAL_ABNORMALITIES 1", "TOTAL_ABNORMALITIES 2"))


@pytest.mark.parametrize(
    "code",
    ["40 60 2 2 2 2 4 4 4 4\n6 6 6 6 0\n0 0 0 #", "40 60 2 2 2 2 4 4 4 4 6 6 6 6 0 0 0 0", "40 60 2 2 2 2\n4 4 4 4 #"],
    ids=["several lines", "without #", "both"],
)
def test_overlay_with_an_odd_chain_code(code):
    plain = "40 60 2 2 2 2 4 4 4 4 6 6 6 6 0 0 0 0 #"
    (mark,) = parse_overlay(OVERLAY.replace(plain, f"{code}\n\tCORE\n41 61 2 2 4 4 6 6 0 0"))
    assert mark.boundary[:9].tolist()[-1] == [44, 64]
    (core,) = mark.cores
    assert core.tolist()[0] == core.tolist()[-1] == [41, 61]


@pytest.mark.parametrize("digitizer", ["DBA", "HOWTEK-MGH", "HOWTEK-ISMD", "LUMISYS"])
def test_bright_is_thin_density_for_every_scanner(digitizer):
    grey = np.arange(100, 3600, 50, dtype=np.uint16)
    if digitizer == "DBA":
        grey = grey * 16
    assert (np.diff(optical_density(grey, digitizer)) <= 0).all()
    film = normalise(grey, digitizer).astype(int)
    assert (np.diff(film) >= 0).all()
    assert film[-1] - film[0] > 20000


def write_case(folder, coded, pixels):
    folder.mkdir(parents=True)
    line = f"LINES {pixels.shape[0]} PIXELS_PER_LINE {pixels.shape[1]} BITS_PER_PIXEL 12 RESOLUTION 50"
    (folder / "B-3001-1.ics").write_text(
        f"ics_version 1.0\nfilename B-3001-1\nPATIENT_AGE 51\nDENSITY 2\nDIGITIZER LUMISYS LASER\n"
        f"LEFT_CC {line} OVERLAY\nRIGHT_CC {line} NON_OVERLAY\n"
    )
    for view in ("LEFT_CC", "RIGHT_CC"):
        (folder / f"B_3001_1.{view}.LJPEG").write_bytes(coded)
    (folder / "B_3001_1.LEFT_CC.OVERLAY").write_text(OVERLAY)


def test_a_case_is_converted_once(tmp_path, encode_ljpeg, draw_film):
    pixels = draw_film(120, 90, 12)
    source, out = tmp_path / "cases" / "case3001", tmp_path / "out"
    write_case(source, encode_ljpeg(pixels, 12, 1), pixels)
    assert list(prepare_ddsm(tmp_path / "cases", out, remove_sources=True)) == [("B-3001-1", "converted")]
    film = cv2.imread(str(out / "B-3001-1" / "LEFT_CC.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(film, normalise(pixels, "LUMISYS"))
    record = json.loads((out / "B-3001-1" / "case.json").read_text())
    assert record["films"]["LEFT_CC"]["abnormalities"][0]["box"] == [40, 60, 45, 65]
    assert not list(source.glob("*.LJPEG"))
    assert list(prepare_ddsm(tmp_path / "cases", out)) == [("B-3001-1", "done before")]


def test_films_of_another_case_in_the_folder_are_kept(tmp_path, encode_ljpeg, draw_film):
    pixels = draw_film(120, 90, 12)
    source = tmp_path / "cases"
    write_case(source, encode_ljpeg(pixels, 12, 1), pixels)
    for path in sorted(source.iterdir()):
        other = source / path.name.replace("3001", "3002")
        other.write_bytes(path.read_bytes().replace(b"B-3001-1", b"B-3002-1"))
    done = list(prepare_ddsm(source, tmp_path / "out", remove_sources=True))
    assert done == [("B-3001-1", "converted"), ("B-3002-1", "converted")]
    assert not list(source.glob("*.LJPEG"))


def test_a_damaged_case_is_told_and_left_for_another_try(tmp_path, encode_ljpeg, draw_film):
    pixels = draw_film(120, 90, 12)
    source, out = tmp_path / "cases" / "case3001", tmp_path / "out"
    write_case(source, encode_ljpeg(pixels, 12, 1), pixels)
    whole = (source / "B_3001_1.RIGHT_CC.LJPEG").read_bytes()
    (source / "B_3001_1.RIGHT_CC.LJPEG").write_bytes(b"cut off")
    ((_, words),) = prepare_ddsm(tmp_path / "cases", out)
    assert words.startswith("refused: The LJPEG film cannot be decoded")
    (source / "B_3001_1.RIGHT_CC.LJPEG").write_bytes(whole)
    assert list(prepare_ddsm(tmp_path / "cases", out)) == [("B-3001-1", "converted")]
