"""Combines the films of a breast: the lesions that its views share, one number, and the contribution of each view."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lobule.breast_place import Place, region_of
from lobule.contracts.examination import LesionPlace
from lobule.contracts.result import DensityCategory, Laterality, StandardView
from mammo_worker.density.package import breast_density
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.pairing import assign, pair_probabilities
from mammo_worker.examination.priors import same_on_repeated
from mammo_worker.examination.rule import Verdict, by_rule, is_cleared, least_of, verdict_of
from mammo_worker.suspicion.breast import BreastCalibration, FilmEvidence


@dataclass(frozen=True)
class Lesion:
    """A marked lesion of a breast, counted once.

    Attributes:
        findings: Index among the result's findings, by film: one on each film that shows it.
        suspicion: Suspicion of its most suspicious finding.
        together: Probability that its findings on both views are one lesion; None on one view.
        region: Position in the breast; None if it is not known on any film.
    """

    findings: dict[str, int]
    suspicion: float
    together: float | None
    region: LesionPlace | None


@dataclass(frozen=True)
class BreastReading:
    """The combined reading of the films of a breast.

    Attributes:
        laterality: Side of the breast.
        films: The assessed films.
        failed: Number of films that could not be assessed.
        verdict: The number and the assessment.
        other_views: Verdicts of films of other views, which are not compared with the two.
        lesions: Lesions, the most suspicious first.
        without: The number without each view, by view; None if no film would be left.
        density: Category by its films; None if density was not read.
        by_model: Whether its number is that of the model, which takes results of its own detector alone.
        in_doubt: Whether something other than its films prevents a negative assessment.
        not_evaluated: Whether a film, of any view, is of a kind that the model was not evaluated on.
    """

    laterality: Laterality
    films: list[ExaminedFilm]
    failed: int
    verdict: Verdict
    other_views: list[Verdict] = field(default_factory=list[Verdict])
    lesions: list[Lesion] = field(default_factory=list[Lesion])
    without: dict[StandardView, float | None] = field(default_factory=dict[StandardView, float | None])
    density: DensityCategory | None = None
    by_model: bool = False
    in_doubt: bool = False
    not_evaluated: bool = False

    @property
    def views(self) -> list[StandardView]:
        """The assessed views."""
        return sorted({film.view for film in self.films})

    @property
    def complete(self) -> bool:
        """Whether both views were assessed and nothing failed."""
        return self.views == ["CC", "MLO"] and not self.failed

    def doubted(self) -> "BreastReading":
        """The reading beside something that may be of this breast and is in doubt: it is not called negative."""
        return replace(self, verdict=self.verdict.doubted(), in_doubt=True) if is_cleared(self.verdict) else self


def read_breast(
    laterality: Laterality,
    films: Sequence[ExaminedFilm],
    failed: int,
    models: ExaminationModels,
    other_views: Sequence[Verdict] = (),
) -> BreastReading:
    """Combine the films of a breast.

    Args:
        laterality: Side of the breast.
        films: The assessed films of this side, in the order of their upload.
        failed: Films of this side that could not be assessed.
        models: The installed models.
        other_views: Verdicts of assessed films of other views than CC and MLO.
    """
    ordered = sorted(films, key=lambda film: film.view)  # names may be ids of analyses, which change
    calibration = models.breast_for(film.result for film in ordered)

    def verdict(shown: Sequence[ExaminedFilm]) -> Verdict:
        together = [_verdict(shown, failed, calibration)] if shown or failed else []
        return by_rule([*together, *other_views], failed)

    without: dict[StandardView, float | None] = {}
    shown: list[StandardView] = sorted({film.view for film in ordered})
    for view in shown:
        rest = [film for film in ordered if film.view != view]
        without[view] = verdict(rest).probability if rest else None
    return BreastReading(
        laterality,
        list(ordered),
        failed,
        verdict(ordered),
        list(other_views),
        lesions_of(laterality, ordered, _pairs(ordered, models)),
        without,
        breast_density([film.result.density for film in ordered], models.density),
        by_model=calibration is not None,
        not_evaluated=not all(v.evaluated for v in (*other_views, *(verdict_of(film.result) for film in ordered))),
    )


_Pairs = dict[tuple[int, int], NDArray[np.float64]]
"""Probabilities (N, M) that findings of a CC and an MLO film are one lesion, by the indices of the films."""


def _pairs(films: Sequence[ExaminedFilm], models: ExaminationModels) -> _Pairs:
    return {
        (i, j): pair_probabilities(models.pairs, a.marks, b.marks)
        for i, a in enumerate(films)
        for j, b in enumerate(films)
        if models.pairs is not None and (a.view, b.view) == ("CC", "MLO")
    }


def _verdict(films: Sequence[ExaminedFilm], failed: int, calibration: BreastCalibration | None) -> Verdict:
    """The verdict of the model, or of the rule if there is none for these films.

    A breast with a failed film is never negative.
    """
    if calibration is None or not films:
        return by_rule([verdict_of(film.result) for film in films], failed)
    shown = [FilmEvidence(film.view, film.result.probability_malignant, least_of(film.result)) for film in films]
    probability = calibration(shown)
    return by_rule([Verdict(calibration.thresholds.assess(probability), probability)], failed)


def lesions_of(laterality: Laterality, films: Sequence[ExaminedFilm], pairs: _Pairs) -> list[Lesion]:
    """The marked findings of a breast's films; findings of several films that are one lesion are combined.

    The marked findings (which come first) of films of the same view are combined by their places. Then pairs are chosen
    together among the lesions of all CC and all MLO films, so that a lesion has at most one mark on each film.
    """
    cc, mlo = ([_on_films(films, view, group) for group in _groups(films, view)] for view in ("CC", "MLO"))
    probabilities = np.array([[_pair_probability(pairs, a, b) for b in mlo] for a in cc]).reshape(len(cc), len(mlo))
    assigned = assign(probabilities) if pairs else []
    paired = [([*cc[pair.cc], *mlo[pair.mlo]], pair.probability) for pair in assigned]
    alone = [cc[i] for i in range(len(cc)) if i not in {pair.cc for pair in assigned}]
    alone += [mlo[j] for j in range(len(mlo)) if j not in {pair.mlo for pair in assigned}]
    found = [*paired, *((members, None) for members in alone)]
    by_film = sorted(found, key=lambda lesion: lesion[0][0])
    lesions = [_lesion(laterality, films, members, together) for members, together in by_film]
    return sorted(lesions, key=lambda lesion: -lesion.suspicion)


_Members = list[tuple[int, int]]  # indices of films and of their findings


def _groups(films: Sequence[ExaminedFilm], view: StandardView) -> list[_Members]:
    return same_on_repeated([film for film in films if film.view == view])


def _on_films(films: Sequence[ExaminedFilm], view: StandardView, group: _Members) -> _Members:
    """The members of a lesion on the films of a view, by the index among all films."""
    of_view = [i for i, film in enumerate(films) if film.view == view]
    return [(of_view[i], k) for i, k in group]


def _pair_probability(pairs: _Pairs, cc: _Members, mlo: _Members) -> float:
    """The highest probability that a finding of each view is the same lesion: the better film of a view counts."""
    known = [pairs[i, j][k, m] for i, k in cc for j, m in mlo if _is_known(pairs, i, j, k, m)]
    return max(map(float, known), default=0.0)


def _is_known(pairs: _Pairs, i: int, j: int, k: int, m: int) -> bool:
    return (i, j) in pairs and k < pairs[i, j].shape[0] and m < pairs[i, j].shape[1]


def _lesion(laterality: Laterality, films: Sequence[ExaminedFilm], members: _Members, together: float | None) -> Lesion:
    def suspicion(member: tuple[int, int]) -> float:
        return films[member[0]].result.findings[member[1]].probability_malignant or 0.0

    places: dict[str, Place] = {}
    for i, k in sorted(members, key=suspicion):  # the most suspicious of each view last
        if (place := films[i].place_of(k)) is not None:
            places[films[i].view] = place
    return Lesion(
        findings={films[i].name: k for i, k in members},
        suspicion=max(map(suspicion, members)),
        together=together,
        region=region_of(laterality, places.get("CC"), places.get("MLO")) if places else None,
    )
