"""Films packed for another machine: the same pixels, boxes, masks and labels, or smaller ones."""

import numpy as np
import pytest
import toy_public_films
from typer.testing import CliRunner

from mammo_worker.cli import app
from mammo_worker.data.readers import read_data_set
from mammo_worker.data.training_set import films_to_pack


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


def test_a_film_that_cannot_be_written_ends_it(data, tmp_path):
    (tmp_path / "packed" / "films" / "000000.png").mkdir(parents=True)
    done = CliRunner().invoke(app, ["data", "pack", str(data), "--out", str(tmp_path / "packed")])
    assert isinstance(done.exception, IsADirectoryError)
