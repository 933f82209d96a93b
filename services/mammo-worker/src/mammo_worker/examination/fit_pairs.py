"""Fits the pair model on lesions that are known to be the same on both views, and measures it on other patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lobule_ml.calibration import Logistic
from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from mammo_worker.examination.lesions import MeasuredFilm, both_views, same_lesions
from mammo_worker.examination.marks import Mark
from mammo_worker.examination.pairing import FEATURES, pair_features

Kind = Literal["same lesion", "other lesion of the breast", "lesion of another patient", "tissue"]
_OTHERS = 3  # number of wrong pairs of either further kind for each lesion
_SIZE = (22.0, 0.4)  # size of the boxes on tissue in pixels of the thumbnail, and its spread in logarithms


@dataclass(frozen=True)
class PairTable:
    """Pairs of marks on CC and MLO.

    Attributes:
        features: Features (N, 5).
        kinds: Kinds (N,).
        patients: Patients (N,) of the CC films.
    """

    features: NDArray[np.float64]
    kinds: list[Kind]
    patients: list[str]

    @property
    def same(self) -> NDArray[np.bool_]:
        """Mask (N,) of pairs that are one lesion."""
        return np.array([kind == "same lesion" for kind in self.kinds])


def pair_table(films: dict[str, MeasuredFilm], seed: int = 0) -> PairTable:
    """Make correct and wrong pairs of all breasts with both views.

    Wrong pairs are other lesions of the breast, lesions of other patients, and places in the tissue of the same breast.

    Args:
        films: The measured films.
        seed: Seed of the choice of lesions and places.
    """
    chance = np.random.default_rng(seed)
    breasts = both_views(films)
    of_patient = {key: mlo.marks() for key, (_, mlo) in breasts.items()}
    pool = [(key[0], mark) for key, marks in of_patient.items() for mark in marks]
    features: list[NDArray[np.float64]] = []
    kinds: list[Kind] = []
    patients: list[str] = []

    def add(kind: Kind, patient: str, mark: Mark, others: Sequence[Mark]) -> None:
        features.extend(pair_features(mark, other) for other in others)
        kinds.extend(kind for _ in others)
        patients.extend([patient] * len(others))

    for (patient, side), (cc, mlo) in breasts.items():
        marks, on_mlo = cc.marks(), of_patient[patient, side]
        strangers = [mark for other, mark in pool if other != patient]
        for i, j in same_lesions(cc, mlo):
            add("same lesion", patient, marks[i], [on_mlo[j]])
            named = [k for k, name in enumerate(mlo.lesions) if k != j and name is not None]
            add("other lesion of the breast", patient, marks[i], [on_mlo[k] for k in named])
            drawn = chance.choice(len(strangers), min(_OTHERS, len(strangers)), replace=False).tolist()
            add("lesion of another patient", patient, marks[i], [strangers[k] for k in drawn])
            add("tissue", patient, marks[i], mlo.marks(_on_tissue(mlo, chance)))
    return PairTable(np.stack(features), kinds, patients)


def _on_tissue(film: MeasuredFilm, chance: np.random.Generator) -> NDArray[np.float64]:
    """Boxes (_OTHERS, 4) in film pixels at random places on the breast."""
    rows, columns = np.nonzero(film.thumbnail.mask)
    boxes: list[NDArray[np.float64]] = []
    for at in chance.integers(len(rows), size=_OTHERS):
        half = np.exp(chance.normal(np.log(_SIZE[0]), _SIZE[1])) / 2
        corners = np.array([[columns[at] - half, rows[at] - half], [columns[at] + half, rows[at] + half]])
        on_film = film.anatomy.frame.to_film(film.thumbnail.to_frame(corners))
        boxes.append(np.concatenate([on_film.min(axis=0), on_film.max(axis=0)]))
    return np.stack(boxes)


def fit_pairs(table: PairTable) -> dict[str, Any]:
    """Fit the content of `pairs.json`, without its measures."""
    model = Logistic.fit(table.features, table.same)
    return {"features": list(FEATURES), "weights": list(model.weights), "bias": model.bias}


def measure_pairs(model: Logistic, table: PairTable) -> list[dict[str, Any]]:
    """Measure the AUC of correct against wrong pairs, in total and by kind, with 95 % intervals over patients."""
    probabilities, same, kinds = model(table.features), table.same, np.array(table.kinds)
    wrong: Sequence[str] = ["all", *dict.fromkeys(kind for kind in table.kinds if kind != "same lesion")]
    rows: list[dict[str, Any]] = []
    for kind in wrong:
        part = np.flatnonzero(same | (kinds == kind) | (kind == "all"))
        of = [table.patients[i] for i in part]
        low, high = patient_bootstrap(lambda at, part=part: auc(same[part][at], probabilities[part][at]), of)
        rows.append(
            {
                "wrong pairs": kind,
                "true": int(same[part].sum()),
                "wrong": int((~same[part]).sum()),
                "auc": round(auc(same[part], probabilities[part]), 3),
                "interval_95": [round(low, 3), round(high, 3)],
            }
        )
    return rows


def measure_geometry(films: dict[str, MeasuredFilm], units: dict[str, float]) -> list[dict[str, Any]]:
    """Measure how well landmarks agree between the views of a breast, as shares of the CC film's depth.

    Args:
        films: The measured films.
        units: Pixels of the scanner, which all films of a patient share, per unit of the frame, by film.
    """
    depths: list[float] = []
    ratios: list[float] = []
    radii: list[float] = []
    behind: list[float] = []
    for cc, mlo in both_views(films).values():
        u, v = units[cc.case.name], units[mlo.case.name]
        depth = cc.anatomy.depth * u
        ratios.append(depth / (mlo.anatomy.depth * v))
        depths.append(abs(1 - mlo.anatomy.depth * v / depth))
        a, b = cc.marks(), mlo.marks()
        for i, j in same_lesions(cc, mlo):
            p, q = np.array([a[i].centre]), np.array([b[j].centre])
            radii.append(float(abs(cc.anatomy.from_nipple(p) * u - mlo.anatomy.from_nipple(q) * v)[0] / depth))
            behind.append(float(abs(cc.anatomy.behind_nipple(p) * u - mlo.anatomy.behind_nipple(q) * v)[0] / depth))
    return [
        _spread("depth of the breast, CC against MLO", depths),
        _spread("depth, CC over MLO", ratios),
        _spread("lesion's distance from the nipple", radii),
        _spread("lesion's distance along the posterior nipple line", behind),
    ]


def _spread(name: str, values: Sequence[float]) -> dict[str, Any]:
    v = np.array(values)
    quarters = [round(float(q), 3) for q in np.percentile(v, [25, 50, 75])]
    return {"what": name, "n": len(v), "mean": round(float(v.mean()), 3), "quartiles": quarters}
