"""Measures a package on scanned films that are changed to look digital, beside the films as they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Thresholds
from mammo_worker.calibration import Calibration
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.elsewhere import share_cleared
from mammo_worker.evaluation.metrics import FilmResult, average_precision_50, bootstrap, froc, triage_auc
from mammo_worker.evaluation.run import result_of, with_probabilities
from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.films.looks import digital_look
from mammo_worker.films.prepare import prepare_film
from mammo_worker.films.processing import processed
from mammo_worker.inference import Detector

DRAWS = 2
ROUNDS = 300
Change = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]

CHANGES: dict[str, Change | None] = {
    "as they are": None,
    "processed by a pyramid": processed,
    "changed widely (`digital_look`)": digital_look,
}
"""By the words of the document; each changes the grey of a canvas (height, width)."""

READINGS = sum(1 if change is None else DRAWS for change in CHANGES.values())
"""Of each film."""


def read_changed(detector: Detector, films: Sequence[AnnotatedFilm]) -> Iterator[tuple[str, FilmResult]]:
    """Read each film as it is, and `DRAWS` times with each change; the results have no probabilities yet.

    Args:
        detector: The detector.
        films: The films. The changes of a film depend on its place among them.
    """
    for number, case in enumerate(films):
        film = case.read()
        plain = prepare_film(film, detector.canvas_size)
        grey = np.ascontiguousarray(plain.canvas[..., 0])
        for words, change in CHANGES.items():
            for draw in range(1 if change is None else DRAWS):
                canvas = plain.canvas if change is None else change(grey, np.random.default_rng([draw + 1, number]))
                found = detector(replace(plain, canvas=canvas), film.shape[0])
                yield words, result_of(case, found)


def measure_changed(
    read: Sequence[tuple[str, FilmResult]], calibration: Calibration, thresholds: Thresholds
) -> list[dict[str, Any]]:
    """A row for each measure, a column for each kind of change, with 95 % intervals over patients.

    Args:
        read: What `read_changed` returned.
        calibration: Of the package.
        thresholds: Of the package.
    """
    by_change = {
        words: with_probabilities([r for at, r in read if at == words], calibration, thresholds) for words in CHANGES
    }
    measures: dict[str, Callable[[Sequence[FilmResult]], float]] = {
        "AP50": average_precision_50,
        **{f"sensitivity at {fppi:g} FPPI, IoU >= 0.2": _sensitivity(fppi) for fppi in (0.5, 1.0, 2.0)},
        "triage AUC, benign against malignant": triage_auc,
        "malignant films, no sign": lambda films: share_cleared([f for f in films if f.malignant_film]),
        "benign films, no sign": lambda films: share_cleared([f for f in films if f.malignant_film is False]),
    }
    return [
        {"measure": name, **{words: _cell(films, of) for words, films in by_change.items()}}
        for name, of in measures.items()
    ]


def _sensitivity(fppi: float) -> Callable[[Sequence[FilmResult]], float]:
    return lambda films: froc(films, "IoU >= 0.2").at(fppi)


def _cell(films: Sequence[FilmResult], of: Callable[[Sequence[FilmResult]], float]) -> str:
    low, high = bootstrap(films, of, ROUNDS)
    return f"{of(films):.3f} ({low:.3f} to {high:.3f})"


def processed_document(name: str, films: Sequence[AnnotatedFilm], rows: Sequence[dict[str, Any]]) -> str:
    """Write `docs/results/mammography-processed.md`.

    Args:
        name: Of the package, with its version.
        films: The films that were read.
        rows: What `measure_changed` returned.
    """
    patients = len({f.patient for f in films})
    return f"""# Mammography on films that look digital

Made by `mammo-worker measure-processed`; do not edit by hand. Measured: {name}.

Hospitals' mammograms are digital, and are processed before they are shown: contrast is evened out and detail is
amplified. Public digital films with and without cancer are not at hand, so scanned films stand for them: the
{len(films)} films of {patients} patients of CBIS-DDSM's training split that the network of the findings has not learned
from, as they are and changed, each with {DRAWS} draws of each kind of change.

- Processed by a pyramid: as a common kind of such software does (`mammo_worker.films.processing`). No network has
  learned from such films.
- Changed widely: `mammo_worker.films.looks.digital_look`, whose draws go beyond what one vendor's software does.

Calibration and thresholds are those of the package, which are fitted on the same films as they are; so the first column
flatters a little. Intervals: 95 %, bootstrap over patients, {ROUNDS} rounds.

{markdown_table(rows)}
These are not digital mammograms: a processed scan keeps the noise and the sharpness of its film. The columns show how
much the model depends on the look of scanned films, not how well it reads digital ones.
"""
