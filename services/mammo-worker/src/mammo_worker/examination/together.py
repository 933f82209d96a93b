"""Reads the films of a case together for the service."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import get_args

import structlog
from pydantic import ValidationError

from lobule.breast_place import Place, region_of
from lobule.contracts import examination as contract
from lobule.contracts.examination_request import AnalysedImage, ExaminationRequest, FailedPrior
from lobule.contracts.result import Laterality, Result, StandardView
from lobule.corrections import as_corrected
from lobule.decoding.images import read_film
from lobule.errors import AnalysisError
from lobule.storage import ObjectNotFoundError
from lobule.worker.examination import JointAnalysis, OpenImage
from mammo_worker.examination.breasts import BreastReading, Lesion, read_breast
from mammo_worker.examination.differences import differences_of
from mammo_worker.examination.explain import reasons, reasons_since, suggested_category
from mammo_worker.examination.films import ExaminedFilm, examined
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.priors import Tracked, track
from mammo_worker.examination.rule import Verdict, by_rule, is_cleared, verdict_of

_log = structlog.get_logger()
_GROWTH = {"new": 3, "grown": 2, "stable": 1, "smaller": 0, "not_comparable": -1}
"""Priority of the changes of a lesion, if its views or its earlier films differ: what reassures least is told."""


@dataclass
class _Films:
    """The films of an examination and of those before it.

    Attributes:
        unread: Priors that could not be read.
        priors: Films of earlier examinations whose side is known and whose view is CC or MLO.
        placed: Such films of the current examination.
        alone: The verdicts of its other films, by their side.
        of_either: The verdicts of its films that may show either breast.
    """

    unread: list[FailedPrior]
    priors: list[ExaminedFilm] = field(default_factory=list[ExaminedFilm])
    placed: list[ExaminedFilm] = field(default_factory=list[ExaminedFilm])
    alone: dict[Laterality | None, list[Verdict]] = field(default_factory=lambda: {"R": [], "L": [], None: []})
    of_either: list[Verdict] = field(default_factory=list[Verdict])


def read_together(request: ExaminationRequest, open_image: OpenImage, models: ExaminationModels) -> JointAnalysis:
    """Read the films of an examination together.

    A film of another view than CC and MLO is not compared with them; its own verdict counts for the breast, or for the
    examination if its side is unknown. A film of unknown side prevents a negative assessment of the examination, and of
    both breasts unless its own verdict is negative; one whose side is in doubt does the latter, too. Anything else that
    is in doubt does so as well. Of a breast, a lesion that is new or has grown does so, and a prior that cannot be read
    if no other one shows its view.

    Args:
        request: The films.
        open_image: Opens the file of a film, beside its result.
        models: The installed models.

    Raises:
        AnalysisError: As raised by `read_film` for a current film.
        ObjectNotFoundError: The file or the result of a current film does not exist.
    """
    films = _read_films(request, open_image)
    alone = films.alone
    anywhere = None in (*request.failed, *request.in_doubt) or not all(map(is_cleared, films.of_either))
    breasts: list[contract.BreastReading] = []
    by_model: list[bool] = []
    lacking: list[str] = []
    for side in ("R", "L"):
        own, failed = [film for film in films.placed if film.laterality == side], request.failed.count(side)
        if own or failed or alone[side]:
            breast = read_breast(side, own, failed, models, alone[side])
            breast = breast.doubted() if anywhere or side in request.in_doubt else breast
            missing = not_compared(own, films.priors, films.unread)
            by_model.append(breast.by_model)
            breasts.append(breast_as_contract(breast, models, films.priors, compared=not missing))
            lacking.extend(missing)
    unplaced = len(alone[None]) + request.failed.count(None) + len(request.in_doubt)
    of_breasts = [Verdict(breast.assessment, breast.probability_malignant) for breast in breasts]
    verdict = by_rule([*of_breasts, *alone[None]], unplaced)
    differences, pictures = differences_of(films.placed)
    reading = contract.ExaminationReading(
        method="model" if by_model and all(by_model) else "rule",
        breasts=breasts,
        assessment=verdict.assessment,
        probability_malignant=verdict.probability,
        standings=_standings(verdict, models),
        not_compared=lacking,
        axes=[film.axis for film in [*films.placed, *films.priors] if film.axis],
        differences=differences,
    )
    return JointAnalysis(reading, pictures)


def _read_films(request: ExaminationRequest, open_image: OpenImage) -> _Films:
    films = _Films(unread=list(request.failed_priors))
    for each in request.images:
        try:
            result, placed = _placed(each, open_image)
        except (AnalysisError, ObjectNotFoundError, ValidationError) as error:
            if each.role == "current":
                raise
            _log.warning("a prior could not be read", job_id=each.job_id, error=type(error).__name__)
            films.unread.extend(_as_failed(each))
            continue
        if each.role != "current":
            films.priors.extend([placed] if placed else [])
            continue
        if placed is not None:
            films.placed.append(placed)
        else:
            films.alone[each.image.laterality].append(verdict_of(result))
        if each.image.laterality is None or result.side_in_doubt:
            films.of_either.append(verdict_of(result))
    return films


def _as_failed(prior: AnalysedImage) -> list[FailedPrior]:
    """A prior that could not be read, if it is of a view that is compared."""
    side, view = prior.image.laterality, prior.image.view
    if side is None or (view != "CC" and view != "MLO"):
        return []
    return [FailedPrior(job_id=prior.job_id, laterality=side, view=view)]


def not_compared(
    films: Sequence[ExaminedFilm], priors: Sequence[ExaminedFilm], unread: Sequence[FailedPrior]
) -> list[str]:
    """The priors that could not be read, of those views of a breast that no other prior shows."""
    lacking = {(film.laterality, film.view) for film in films} - {(film.laterality, film.view) for film in priors}
    return [prior.job_id for prior in unread if (prior.laterality, prior.view) in lacking]


def _placed(each: AnalysedImage, open_image: OpenImage) -> tuple[Result, ExaminedFilm | None]:
    """An image's result, and its examined film if its side is known and its view is CC or MLO."""
    side, view = each.image.laterality, each.image.view  # as corrected: the stored result keeps what was known then
    standard: StandardView | None = next((known for known in get_args(StandardView) if known == view), None)
    with open_image(each) as (file, result):
        result = as_corrected(result, view, side)
        if side is None or standard is None:
            return result, None
        film = read_film(file)
    return result, examined(each.job_id, side, standard, film, result, each.image.hanging or film.hanging)


def breast_as_contract(
    breast: BreastReading,
    models: ExaminationModels,
    priors: Sequence[ExaminedFilm] = (),
    *,
    compared: bool = True,
) -> contract.BreastReading:
    """Convert a reading to the form that services exchange, with the changes since films of earlier examinations.

    A breast with a lesion that is new or has grown is not called negative.

    Args:
        breast: The reading.
        models: The installed models.
        priors: Films of earlier examinations.
        compared: Whether every view of which there are earlier films was compared; if not, it is not called negative.
    """
    changes = _changes(breast.films, priors)
    lesions = [_lesion(lesion, breast.films, changes) for lesion in breast.lesions]
    since = list(reasons_since(lesions, compared=compared))
    verdict = breast.verdict.doubted() if since else breast.verdict
    standings = _standings(verdict, models)
    return contract.BreastReading(
        laterality=breast.laterality,
        views=breast.views,
        assessment=verdict.assessment,
        probability_malignant=verdict.probability,
        bi_rads=suggested_category(breast, verdict, standings),
        density=breast.density,
        standings=standings,
        lesions=lesions,
        calcifications=[placed for film in breast.films for placed in _calcifications(film)],
        reasons=[*reasons(breast), *since],
    )


def _standings(verdict: Verdict, models: ExaminationModels) -> list[contract.Standing]:
    if verdict.probability is None:
        return []
    return [population.standing(verdict.probability) for population in models.populations]


_Days = list[tuple[Tracked, ExaminedFilm]]  # a finding since each earlier film of its view, the latest film first
_Changes = dict[tuple[str, int], _Days]


def _changes(films: Sequence[ExaminedFilm], priors: Sequence[ExaminedFilm]) -> _Changes:
    """The change of each marked finding since the earlier films of the same view."""
    found: _Changes = {}
    for film in films:
        same = [prior for prior in priors if (prior.laterality, prior.view) == (film.laterality, film.view)]
        by_day = [[(tracked, prior) for tracked in track(film, prior)] for prior in same]
        found |= {(film.name, of_one[0][0].finding): list(of_one) for of_one in zip(*by_day, strict=True)}
    return found


def _reported_change(days: Sequence[tuple[Tracked, ExaminedFilm]]) -> tuple[Tracked, ExaminedFilm]:
    """The change of a finding to report, given those since each earlier film, the latest film first.

    It is the change since the latest film that shows the place. A growth that is too slow for that is reported since
    the film with the largest growth, because otherwise each examination would find the lesion unchanged.
    """
    latest = next((day for day in days if day[0].change != "not_comparable"), days[0])
    grown = [day for day in days if day[0].change == "grown"]
    return latest if latest[0].change == "new" else max(grown, key=lambda day: _extent(day[0]), default=latest)


def _extent(change: Tracked | contract.LesionChange) -> tuple[int, float, float]:
    """Sort key of changes: their kind, then the growth in millimetres, then its share."""
    return _GROWTH[change.change], change.growth_mm or 0.0, change.growth or 0.0


def _lesion(lesion: Lesion, films: Sequence[ExaminedFilm], changes: _Changes) -> contract.Lesion:
    shown = {film.name: film for film in films}
    members = sorted(lesion.findings.items(), key=lambda member: shown[member[0]].view)
    known = [changes[member] for member in members if member in changes]
    return contract.Lesion(
        marks=[_mark(shown[name], place) for name, place in members],
        probability_malignant=lesion.suspicion,
        same_lesion=lesion.together,
        place=lesion.region,
        change=max(map(_change, known), key=_extent, default=None),
        earlier_marks=[_mark(film, day.prior) for days in known for day, film in days if day.prior is not None],
    )


def _calcifications(film: ExaminedFilm) -> Iterator[contract.PlacedFinding]:
    for finding_id, place in film.calcifications.items():
        cc, mlo = (place if film.view == view else None for view in ("CC", "MLO"))
        region = region_of(film.laterality, cc, mlo)
        yield contract.PlacedFinding(mark=_marked(film, finding_id, place), place=region)


def _mark(film: ExaminedFilm, finding: int) -> contract.LesionMark:
    return _marked(film, film.result.findings[finding].id, film.place_of(finding))


def _marked(film: ExaminedFilm, finding_id: str, place: Place | None) -> contract.LesionMark:
    far = None if place is None or film.mm_per_unit is None else place.from_nipple * film.mm_per_unit
    return contract.LesionMark(job_id=film.name, finding_id=finding_id, view=film.view, from_nipple_mm=far)


def _change(days: _Days) -> contract.LesionChange:
    tracked, prior = _reported_change(days)
    before = None if tracked.prior is None else _mark(prior, tracked.prior)
    before_mm, now_mm = tracked.sizes_mm or (None, None)
    return contract.LesionChange(
        change=tracked.change,
        growth=tracked.growth,
        growth_mm=tracked.growth_mm,
        before_mm=before_mm,
        now_mm=now_mm,
        sizes=[
            contract.EarlierSize(job_id=film.name, mm=day.sizes_mm[0] if day.sizes_mm else None)
            for day, film in days
            if day.sizes_mm or (day.change == "new" and film.plane is not None)
        ],
        earlier=prior.name,
        prior=before,
    )
