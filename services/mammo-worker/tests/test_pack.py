"""Films packed for another machine: the same pixels, boxes, masks and labels, or smaller ones."""

import cv2
import numpy as np
import pytest
import toy_public_films
from typer.testing import CliRunner

from mammo_worker.cli import app
from mammo_worker.data.annotated import AnnotatedFilm, plain_reader
from mammo_worker.data.pack import pack as write_films
from mammo_worker.data.readers import read_data_set
from mammo_worker.data.training_set import films_to_pack, own_films


@pytest.fixture
def data(tmp_path, draw_film):
    side = toy_public_films.SIDE
    toy_public_films.write_public(tmp_path / "data", lambda seed: draw_film(side, side, 8, seed=seed), each=1)
    return tmp_path / "data"


def pack(*arguments, code=0):
    done = CliRunner().invoke(app, ["data", "pack", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


def test_packed_films_are_the_films(data, tmp_path):
    assert "3 of 3 films packed" in pack(data, "--out", tmp_path / "packed")
    packed, films = read_data_set(tmp_path / "packed" / "labels.csv"), films_to_pack([data])
    assert not packed.problems
    for one, other in zip(packed.items, films, strict=True):
        np.testing.assert_array_equal(one.read(), other.read())
        np.testing.assert_array_equal(one.read_mask() > 127, other.read_mask() > 127)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert (one.patient, one.malignant) == (other.patient, other.malignant)
        assert one.attributes.get("view") == other.attributes.get("view")
    assert "labels.csv" in pack(data, "--out", tmp_path / "packed", code=1)  # nothing is overwritten


def test_shrunk_films_have_shrunk_boxes_and_a_damaged_one_is_named(data, tmp_path):
    films = films_to_pack([data])
    films[0].path.write_bytes(b"damaged")
    said = pack(data, "--out", tmp_path / "packed", "--height", 200, code=1)
    assert films[0].path.name in said.replace("\n", "")
    packed = read_data_set(tmp_path / "packed" / "labels.csv").items
    assert len(packed) == 2
    for one, other in zip(packed, films[1:], strict=True):
        scale = 200 / other.read().shape[0]
        assert one.read().shape[0] == one.read_mask().shape[0] == 200
        np.testing.assert_allclose(one.boxes, other.boxes * scale, rtol=1e-6)


def test_films_without_a_mass_are_learned_from_as_before_and_masses_without_a_box_are_named(tmp_path, draw_film):
    """INbreast and others have films with nothing but calcifications, which may be malignant or of unknown class."""
    path, known = tmp_path / "a.png", [True, None, False]
    cv2.imwrite(str(path), draw_film(600, 400, 8))
    no_boxes, no_labels = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
    read = plain_reader(path)
    films = [AnnotatedFilm(f"{i}", f"P{i}", no_boxes, no_labels, known[i], read) for i in range(3)]
    assert list(write_films(films, tmp_path / "packed", None)) == []
    table = tmp_path / "packed" / "labels.csv"
    assert [film.malignant for film in own_films([table])] == known
    assert "3 of 3 films packed" in pack(table, "--out", tmp_path / "again")
    assert [film.malignant for film in own_films([tmp_path / "again" / "labels.csv"])] == known
    table.write_text(table.read_text().replace("none", ""))
    said = pack(table, "--out", tmp_path / "unmarked")
    assert "without boxes of their masses: 2 films; can be evaluated, but `train` refuses" in said


def test_a_film_that_cannot_be_written_ends_it(data, tmp_path):
    (tmp_path / "packed" / "films" / "000000.png").mkdir(parents=True)
    done = CliRunner().invoke(app, ["data", "pack", str(data), "--out", str(tmp_path / "packed")])
    assert isinstance(done.exception, IsADirectoryError)
