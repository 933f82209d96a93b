"""Held-out findings of the detector, with predictions of a region classifier that has not seen their patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lobule.words import counted
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.splits import fold_of
from mammo_worker.evaluation.metrics import overlaps
from mammo_worker.examination.lesions import lengths, lesion_names
from mammo_worker.labels import BENIGN, MALIGNANT
from mammo_worker.regions.crops import Crop, cbis_crops
from mammo_worker.regions.evaluate import FOLDS
from mammo_worker.regions.inference import classify
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.prepare import NATIVE_SPACING, PreparedRegion, region_at
from mammo_worker.regions.targets import malignancy
from mammo_worker.regions.train import build, load_average
from mammo_worker.second_look.findings_csv import FilmFindings, read_findings, read_probabilities
from mammo_worker.second_look.native import PlacedCrop, native_region, place_crop

_MARGIN = 16.0  # native pixels around a box, as in the crops of CBIS-DDSM
_BRIGHTEST = 99.99  # percentile


@dataclass(frozen=True)
class Reading:
    """The preparation of a finding for the classifier.

    Attributes:
        name: Name in the tables.
        margin: Native pixels around the detector's box.
        stretched: Whether its brightest pixel becomes white, as in the training crops.
    """

    name: str
    margin: float
    stretched: bool

    def prepare(
        self, film: NDArray[np.uint8], crops: list[PlacedCrop], box: NDArray[np.floating], factor: float, side: int
    ) -> PreparedRegion:
        """Compute the classifier's input; arguments as for `native_region`, and the side of its canvas."""
        margin = self.margin / factor * np.array([-1, -1, 1, 1])
        region = native_region(film, crops, box + margin, factor)
        if self.stretched:
            region = region * (255 / max(1.0, float(np.percentile(region, _BRIGHTEST))))
        return region_at(region, NATIVE_SPACING, side)


READINGS = (
    Reading("the detector's box, in the film's grey", 0.0, stretched=False),
    Reading("the detector's box, stretched", 0.0, stretched=True),
    Reading("with a margin of 0.8 mm, in the film's grey", _MARGIN, stretched=False),
    Reading("with a margin of 0.8 mm, stretched", _MARGIN, stretched=True),
)


@dataclass(frozen=True)
class TrueFinding:
    """A finding that hits a mass of known class (IoU from 0.2 on), on a film outside the detector's training data.

    Attributes:
        patient: Patient of the film.
        malignant: Whether the mass is malignant by pathology.
        score: The detector's probability of a mass.
        detector: The detector's probability of malignancy given a mass.
        film: Calibrated probability of the film.
        by_reading: Malignancy (len(READINGS),) for each of `READINGS`, by the classifier that has not seen the patient.
    """

    patient: str
    malignant: bool
    score: float
    detector: float
    film: float
    by_reading: NDArray[np.float64]


@dataclass(frozen=True)
class _Unread:
    finding: TrueFinding
    prepared: list[PreparedRegion]


def read_cases(
    data: Path,
    findings: Path,
    films: Path,
    plan: RegionPlan,
    runs: Path,
    weights: Path,
    least_score: float,
    echo: Callable[[str], None],
) -> list[TrueFinding]:
    """Read marked findings on masses whose crop matches the film, with the classifier of their patient's fold.

    Args:
        data: Folder of the data sets.
        findings: CSV of `detect-held-out`.
        films: CSV of films of `detect-held-out`.
        plan: Plan of the region classifier.
        runs: Folder with the classifier's runs `fold0` to `fold4`.
        weights: Initial weights of the runs.
        least_score: Least score of a marked finding.
        echo: Called with a message about omitted findings.

    Raises:
        FileNotFoundError: A fold is not finished.
        ValueError: A table is invalid, or a fold was trained with another plan.
    """
    found = read_findings(findings)
    probabilities = read_probabilities(films)
    folder = data / "cbis_ddsm_mass"
    names, factors = lesion_names(folder), lengths(folder)
    crops = {(*c.lesion.split()[1:], c.view): c for c in cbis_crops(data) if c.kind == "mass"}
    unread: list[_Unread] = []
    lost = 0
    for case in cbis_ddsm(folder):
        if case.name not in found:
            continue
        of_film, without = _of_film(
            case, found[case.name], names[case.name], crops, factors[case.name], plan.network.side, least_score
        )
        lost += without
        unread += [
            _Unread(TrueFinding(case.patient, truth, score, own, probabilities[case.name], np.zeros(0)), prepared)
            for truth, score, own, prepared in of_film
        ]
    marked = counted(len(unread), "marked finding")
    echo(f"{findings.name}: {marked} on masses; {lost} more hit a mass without a crop that fits")
    return _read(unread, plan, runs, weights)


def _of_film(
    case: AnnotatedFilm,
    found: FilmFindings,
    names: Sequence[str | None],
    crops: dict[tuple[str, ...], Crop],
    factor: float,
    side: int,
    least_score: float,
) -> tuple[list[tuple[bool, float, float, list[PreparedRegion]]], int]:
    """Class, score, malignancy and regions of each marked finding on a mass, and the number without a crop."""
    film = case.read()
    breast = {"L": "LEFT", "R": "RIGHT"}[case.attributes["laterality"]]
    placed: dict[int, PlacedCrop] = {}
    for place, (box, name) in enumerate(zip(case.boxes, names, strict=True)):
        crop = crops.get((case.patient, breast, name or "", case.attributes["view"]))
        if crop is not None:
            put = place_crop(film, crop.read(), crop.native_size, box, factor)
            placed |= {} if put is None else {place: put}
    rows: list[tuple[bool, float, float, list[PreparedRegion]]] = []
    lost = 0
    hits = overlaps(found.boxes, case.boxes.astype(np.float64), "IoU >= 0.2")
    for i in np.flatnonzero((found.scores >= least_score) & hits.any(axis=1)):
        lesion = int(hits[i].argmax())
        if case.labels[lesion] not in (BENIGN, MALIGNANT) or lesion not in placed:
            lost += 1
            continue
        prepared = [r.prepare(film, list(placed.values()), found.boxes[i], factor, side) for r in READINGS]
        truth = bool(case.labels[lesion] == MALIGNANT)
        rows.append((truth, float(found.scores[i]), float(found.malignant[i]), prepared))
    return rows, lost


def _read(unread: Sequence[_Unread], plan: RegionPlan, runs: Path, weights: Path) -> list[TrueFinding]:
    prepare_torch()
    model = build(plan, weights)
    cases: list[TrueFinding] = []
    for fold in range(FOLDS):
        own = [u for u in unread if fold_of(u.finding.patient, FOLDS) == fold]
        if not own:
            continue
        load_average(model, runs / f"fold{fold}", plan)
        by_reading = malignancy(classify(model.whole, [p for u in own for p in u.prepared])).reshape(len(own), -1)
        cases += [TrueFinding(**{**vars(u.finding), "by_reading": row}) for u, row in zip(own, by_reading, strict=True)]
    return cases
