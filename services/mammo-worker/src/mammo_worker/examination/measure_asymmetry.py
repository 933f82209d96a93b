"""Measures how informative the difference of two breasts is, on mini-MIAS, which has both breasts in one view."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.examination.anatomy import Anatomy, find_anatomy
from mammo_worker.examination.asymmetry import compare_breasts
from mammo_worker.examination.frame import Thumbnail, thumbnail_of
from mammo_worker.films.breast import find_breast


def measure_asymmetry(cases: Sequence[AnnotatedFilm]) -> list[dict[str, Any]]:
    """Measure the AUC of the feature, abnormal against normal breasts, and the difference within true masses.

    Args:
        cases: Films of mini-MIAS.
    """
    patients: dict[str, list[tuple[AnnotatedFilm, Thumbnail, Anatomy]]] = defaultdict(list)
    for case in cases:
        film = case.read()
        breast = find_breast(film)
        if breast.mask.any():
            thumbnail = thumbnail_of(breast, film.shape[1])
            patients[case.patient].append((case, thumbnail, find_anatomy(thumbnail, "MLO")))
    names: list[str] = []
    abnormal: list[bool] = []
    features: list[float] = []
    in_masses: list[float] = []
    for patient, films in patients.items():
        if len(films) == 2:
            for (case, thumbnail, anatomy), (_, mirrored, landmarks) in (films, films[::-1]):
                found = compare_breasts((thumbnail, anatomy), (mirrored, landmarks))
                names.append(patient)
                abnormal.append(case.attributes["class"] != "normal")
                features.append(found.feature)
                for box in anatomy.frame.boxes_from_film(case.boxes):
                    in_masses.append(found.at(thumbnail.from_frame(box.reshape(2, 2)).ravel()))
    truth, values = np.array(abnormal), np.array(features)
    low, high = patient_bootstrap(lambda at: auc(truth[at], values[at]), names)
    return [
        {
            "what": "AUC of the feature, abnormal against normal breasts",
            "n": f"{int(truth.sum())} and {int((~truth).sum())}",
            "value": round(auc(truth, values), 3),
            "interval_95": [round(low, 3), round(high, 3)],
        },
        {
            "what": "difference within true masses, standard deviations, quartiles",
            "n": str(len(in_masses)),
            "value": [round(float(q), 2) for q in np.percentile(in_masses, [25, 50, 75])],
            "interval_95": "",
        },
    ]
