"""Fitting pairs and breasts on made-up patients, by patient; tables that cannot be read."""

import numpy as np
import pytest

from lobule_ml.calibration import Logistic
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.examination.fit_pairs import fit_pairs, measure_geometry, measure_pairs, pair_table
from mammo_worker.examination.lesions import lengths, lesion_names, measure_films
from mammo_worker.second_look.findings_csv import read_findings, read_probabilities


def case(patient, view, draw_film, malignant=True):
    """A drawn film with two lesions."""
    film = draw_film(height=400, width=260, bits=8, seed=int(patient[1:]))
    at = 20 * (int(patient[1:]) % 4)
    boxes = np.array([[60 + at, 120, 90 + at, 150], [100, 200 + at, 120, 220 + at]], np.float32)
    attributes = {"view": view, "laterality": "L"}
    labels = np.full(2, 2, np.int32)
    return AnnotatedFilm(f"{patient}_{view}", patient, boxes, labels, malignant, lambda: film, None, attributes)


@pytest.fixture
def films(draw_film):
    cases = [case(f"P{i}", view, draw_film, i % 2 == 0) for i in range(6) for view in ("CC", "MLO")]
    return cases, measure_films(cases, {c.name: ["1", "2"] for c in cases})


def test_pairs_are_fitted_and_measured(films):
    _, measured = films
    table = pair_table(measured)
    assert int(table.same.sum()) == 12
    assert set(table.kinds) == {"same lesion", "other lesion of the breast", "lesion of another patient", "tissue"}
    fitted = fit_pairs(table)
    rows = measure_pairs(Logistic(tuple(fitted["weights"]), fitted["bias"]), table)
    assert rows[0]["wrong pairs"] == "all"
    assert rows[0]["true"] == 12
    assert rows[0]["auc"] > 0.5
    assert pair_table(measured).features == pytest.approx(table.features)
    geometry = measure_geometry(measured, dict.fromkeys(measured, 5.0))
    assert [row["n"] for row in geometry] == [6, 6, 12, 12]


def test_tables_are_read_and_wrong_ones_refused(tmp_path):
    path = tmp_path / "findings.csv"
    path.write_text("film,patient,fold,x1,y1,x2,y2,score,malignant\na,P1,0,1,2,3,4,0.2,0.5\na,P1,0,5,6,7,8,0.9,0.1\n")
    found = read_findings(path)
    assert found["a"].scores.tolist() == [0.9, 0.2]
    assert found["a"].boxes[0].tolist() == [5, 6, 7, 8]
    path.write_text("film,probability\na,0.25\n")
    assert read_probabilities(path) == {"a": 0.25}
    with pytest.raises(ValueError, match="not a table of findings"):
        read_findings(path)
    path.write_text("film\na\n")
    with pytest.raises(ValueError, match="not a table of films"):
        read_probabilities(path)


def test_lesions_that_the_tables_do_not_tell_apart_have_no_name(tmp_path):
    (tmp_path / "lesions.csv").write_text("image,abnormality_id\na,1\na,2\nb,1\nb,1\nc,\n")
    (tmp_path / "index.csv").write_text("image,orig_rows\na,5000\n")
    assert lesion_names(tmp_path) == {"a": ["1", "2"], "b": [None, None], "c": [None]}
    assert lengths(tmp_path) == {"a": 5.0}
