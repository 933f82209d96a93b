"""One film, stored in the many ways that scanners and archives store it, is read the same."""

import hashlib

import numpy as np
import pytest

from lobule.contracts.result import ImageInfo
from lobule.worker.pipeline import no_progress
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.films.breast import find_breast
from mammo_worker.films.cut_off import is_cut_off

ORIENTATION = {"L": ["A", "R"], "R": ["P", "L"]}
# Grey levels of the prepared film that are rounded otherwise change the number of a film by 0.011 on average.
ROUNDING = 0.02


@pytest.fixture(scope="module")
def film(shared_data):
    """A film of 12 bits with the chest wall on the right, and its side."""
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass"):
        film = case.read()
        if find_breast(film).on_right and case.attributes["view"] == "CC":
            noise = np.random.default_rng(1).integers(0, 16, film.shape)
            return (film.astype(np.uint16) * 16 + noise).astype(np.uint16)
    pytest.fail("no film has its chest wall on the right")


@pytest.fixture(scope="module")
def read(pipeline, tmp_path_factory, write_dicom):
    folder = tmp_path_factory.mktemp("films")

    def read(pixels, bits=12, **tags):
        tags = {"ViewPosition": "CC", "ImageLaterality": "R", "PatientOrientation": ORIENTATION["R"], **tags}
        data = write_dicom(folder / "film.dcm", np.ascontiguousarray(pixels), bits, **tags).read_bytes()
        sha = hashlib.sha256(data).hexdigest()
        height, width = pixels.shape
        image = ImageInfo(sha256=sha, file_name="film.dcm", modality="mammography", width=width, height=height)
        return pipeline.analyse(data, image, no_progress).result

    return read


@pytest.fixture(scope="module")
def base(film, read):
    return read(film)


def boxes(result):
    return np.array([(f.box.x, f.box.y, f.box.x + f.box.width, f.box.y + f.box.height) for f in result.findings[:1]])


def codes(result):
    return [notice.code for notice in result.notices]


@pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (1500, 2400), (1000, 1200), (6000, 12000), (40, 60)])
def test_a_window_changes_nothing_but_the_first_look(film, read, base, centre, width):
    result = read(film, WindowCenter=centre, WindowWidth=width)
    assert result.probability_malignant == base.probability_malignant
    assert result.findings == base.findings


@pytest.mark.parametrize(
    ("pixels", "bits", "within"),
    [
        (lambda film: (film >> 4).astype(np.uint8), 8, 0.03),  # what lay in the lower bits is lost
        (lambda film: film * 16, 16, 0.001),
        (lambda film: film + 9000, 16, ROUNDING),
        (lambda film: film // 2 + 300, 12, ROUNDING),
    ],
    ids=["8 bits", "16 bits", "offset", "part of the range"],
)
def test_depth_and_scale_change_nothing(film, read, base, pixels, bits, within):
    result = read(pixels(film), bits)
    assert result.probability_malignant == pytest.approx(base.probability_malignant, abs=within)
    assert np.abs(boxes(result) - boxes(base)).max() < 4


def test_a_negative_with_padding_is_read_as_its_positive(film, read, base):
    negative = (4095 - film).astype(np.uint16)
    padded = np.pad(negative, ((40, 25), (60, 0)), constant_values=65535)
    result = read(padded, 16, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=65535)
    assert result.probability_malignant == pytest.approx(base.probability_malignant, abs=ROUNDING)
    assert np.abs(boxes(result) - boxes(base) - [60, 40, 60, 40]).max() < 4


def test_a_marker_that_outshines_tissue_changes_nothing(film, read, base):
    marked = film.copy()
    marked[60:110, 30:130] = 65535
    result = read(marked, 16)
    assert result.probability_malignant == pytest.approx(base.probability_malignant, abs=0.01)
    assert np.abs(boxes(result) - boxes(base)).max() < 4


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_film_is_read_upright_and_marked_where_it_lies(film, read, base, turn):
    """The tags tell how it is turned."""
    row, column = {1: ["L", "A"], 2: ["A", "R"], 3: ["R", "P"]}[turn]
    stored = np.rot90(film, turn)
    result = read(stored, PatientOrientation=[row, column])
    assert "hung_right" in codes(result)
    assert result.probability_malignant == pytest.approx(base.probability_malignant, abs=0.01)
    mask = np.zeros(film.shape, bool)
    x1, y1, x2, y2 = boxes(base)[0].round().astype(int)
    mask[y1:y2, x1:x2] = True
    rows, columns = np.nonzero(np.rot90(mask, turn))
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(boxes(result)[0] - expected).max() < 4


def test_a_mirrored_film_without_tags_is_hung_by_its_chest_wall(film, read, base):
    result = read(film[:, ::-1], PatientOrientation=[])
    assert "hung_by_chest_wall" in codes(result)
    assert result.image.hanging.mirrored
    x1, y1, x2, y2 = boxes(base)[0]
    assert np.abs(boxes(result)[0] - [film.shape[1] - x2, y1, film.shape[1] - x1, y2]).max() < 4


def test_a_label_of_the_other_side_is_said(film, read):
    result = read(film, ImageLaterality="L", PatientOrientation=[])
    assert "hung_by_chest_wall" in codes(result)
    result = read(film, ImageLaterality="L", PatientOrientation=["P", "R"])
    assert "hung_right" in codes(result)


def test_a_half_of_a_film_is_said_to_be_one(film, read, base):
    """A scan that stopped half way was called negative without a word."""
    middle = len(film) * 43 // 100  # of the breast
    assert "breast_cut_off" not in codes(base)
    half = read(film[:middle])
    assert "breast_cut_off" in codes(half)
    assert (base.density is None, half.density) == (False, None), "the half is not as dense as the breast"
    breast = find_breast(film[middle:])
    assert is_cut_off(breast, "CC")
    assert not is_cut_off(breast, "MLO"), "axilla and muscle fill the upper edge of such a film"
    assert not is_cut_off(breast, "SCC"), "spot compression shows a part, as its own notice says"


def test_a_preview_of_a_film_is_said_to_be_one_and_not_called_negative(film, read, base):
    """A thumbnail of 60 x 90 pixels was called negative, category 2, with a density."""
    assert "few_pixels" not in codes(base)
    step = len(film) // 200
    result = read(film[::step, ::step])
    assert "few_pixels" in codes(result)
    assert result.assessment != "no_sign_of_malignancy"
    assert result.density is None
