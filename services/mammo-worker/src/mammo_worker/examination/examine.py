"""Reads every examination of a table: its films with the installed pipeline, its breasts, and the case."""

import hashlib
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal

from lobule.contracts import examination as contract
from lobule.contracts.examination_request import FailedPrior
from lobule.contracts.notices import TO_CHECK
from lobule.contracts.result import Laterality
from lobule.decoding.images import read_film
from lobule.worker.pipeline import no_progress
from lobule_ml.batch import reason
from mammo_worker.examination.breasts import BreastReading, read_breast
from mammo_worker.examination.earlier import by_date, recent_of, to_compare
from mammo_worker.examination.films import ExaminedFilm, examined, twin_of
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.patients import of_other_patients
from mammo_worker.examination.rule import Verdict, by_rule, is_cleared, verdict_of
from mammo_worker.examination.together import breast_as_contract, not_compared
from mammo_worker.examination.views import FilmRow
from mammo_worker.pipeline import MammographyPipeline
from mammo_worker.predict import describe

_SIDES: tuple[Laterality, ...] = ("L", "R")


@dataclass(frozen=True)
class Failure:
    """A row whose film was not read together with the others.

    Attributes:
        row: The row of the table.
        code: Stable error code.
        detail: Explanation and remedy.
        laterality: Side of the film, if known.
        verdict: Verdict of a film that was read but is not a standard view.
        notices: Codes of such a film's notices.
    """

    row: FilmRow
    code: str
    detail: str
    laterality: Laterality | None = None
    verdict: Verdict | None = None
    notices: Sequence[str] = ()

    @property
    def side_in_doubt(self) -> bool:
        """Whether the side of a film that was read has to be checked."""
        return not TO_CHECK["side"].isdisjoint(self.notices)

    def __str__(self) -> str:
        """The line for the command line."""
        return f"{self.row.file}: {self.code}: {self.detail}"


@dataclass(frozen=True)
class ExaminedCase:
    """An examination that was read: its breasts, and the case as a whole.

    Attributes:
        name: Name in the table.
        breasts: Breasts with films.
        told: Each of them in the form that services exchange, with its changes since earlier examinations.
        case: Verdict of all films together.
        not_compared: Earlier films that could not be read, of views that no other earlier film shows.
        strangers: Films that name another patient than the others. They are read, because the table says that they
            belong here; no breast is called negative beside them.
        apart: Films of earlier examinations that do so. They are not read.
    """

    name: str
    breasts: list[BreastReading]
    told: list[contract.BreastReading]
    case: Verdict
    not_compared: list[str]
    strangers: frozenset[Path] = frozenset()
    apart: frozenset[Path] = frozenset()


FilmReader = Callable[[FilmRow], ExaminedFilm]


def film_reader(pipeline: MammographyPipeline) -> FilmReader:
    """Return a function that reads films with a pipeline, with the same results as the service."""

    def read(row: FilmRow) -> ExaminedFilm:
        with row.file.open("rb") as file:
            return read_opened(row, file)

    def read_opened(row: FilmRow, file: BufferedReader) -> ExaminedFilm:
        told = {"view": row.view, "laterality": row.laterality}
        image = describe(row.file, hashlib.file_digest(file, "sha256").hexdigest()).model_copy(update=told)
        result = pipeline.analyse(file, image, no_progress).result
        laterality, view = result.image.laterality, result.image.view
        verdict, notices = verdict_of(result), [notice.code for notice in result.notices]
        if laterality is None:
            detail = "neither the table nor the file says which breast it is"
            raise UnplacedFilmError("laterality_unknown", detail, None, verdict, notices)
        standard: Literal["CC", "MLO"] | None = "CC" if view == "CC" else "MLO" if view == "MLO" else None
        if standard is None:
            detail = f"the view is {view or 'not known'}; CC and MLO are examined"
            raise UnplacedFilmError("view_unknown", detail, laterality, verdict, notices)
        film = read_film(file)
        return examined(str(row.file), laterality, standard, film, result, film.hanging)

    return read


class UnplacedFilmError(Exception):
    """A film was read, but its side is unknown, or its view is not a standard one.

    Args:
        code: Stable error code.
        detail: Description of what is missing.
        laterality: Side of the film, if known.
        verdict: Its own verdict, which still counts for its breast and for the case.
        notices: Codes of its notices.
    """

    def __init__(
        self, code: str, detail: str, laterality: Laterality | None, verdict: Verdict, notices: Sequence[str] = ()
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.verdict, self.notices = code, detail, verdict, notices
        self.laterality: Laterality | None = laterality


def examine(
    rows: Sequence[FilmRow], read: FilmReader, models: ExaminationModels
) -> Iterator[tuple[ExaminedCase, list[Failure]]]:
    """Read every examination, in the order of its first row.

    Args:
        rows: Rows of all examinations.
        read: Reads a film.
        models: The installed models.

    Yields:
        Each examination, and the films that could not be assessed.
    """
    for name in dict.fromkeys(row.examination for row in rows):
        of_examination = [row for row in rows if row.examination == name]
        strangers = of_other_patients([row.file for row in of_examination])
        current, earlier = by_date(of_examination)
        films, failures = _read(current, read)
        apart = frozenset(row.file for row in earlier if row.file in strangers)
        priors, missed = _read([row for row in earlier if row.file not in apart], read, [film for _, film in films])
        history = _History(priors, missed, recent_of(current, earlier), apart)
        yield _reading(name, [film for _, film in films], failures, models, strangers, history), [*failures, *missed]


@dataclass(frozen=True)
class _History:
    """The earlier films of an examination.

    Attributes:
        films: Those that were read, the latest first.
        missed: Those that were not.
        recent: Rows of which the current films may be the work-up.
        apart: Files that name another patient, with which no film is compared.
    """

    films: Sequence[tuple[FilmRow, ExaminedFilm]]
    missed: Sequence[Failure]
    recent: Set[FilmRow]
    apart: frozenset[Path]

    def compared(self) -> list[ExaminedFilm]:
        """The films to compare with."""
        return to_compare(self.films, self.recent)

    def unread(self) -> list[FailedPrior]:
        """The films of screening views that could not be read; a recent one may have been repeated."""
        return [
            FailedPrior(job_id=str(failure.row.file), laterality=failure.laterality, view=failure.row.view)
            for failure in self.missed
            if failure.verdict is None and failure.laterality and failure.row.view and failure.row not in self.recent
        ]


_Films = list[tuple[FilmRow, ExaminedFilm]]


def _read(
    rows: Sequence[FilmRow], read: FilmReader, before: Sequence[ExaminedFilm] = ()
) -> tuple[_Films, list[Failure]]:
    """Read rows; a film with the pixels of another one, or of one that was read before, would count twice."""
    films: _Films = []
    failures: list[Failure] = []
    for row in rows:
        outcome = _attempt(row, read)
        if isinstance(outcome, Failure):
            failures.append(outcome)
        elif twin := twin_of(outcome, [*before, *(film for _, film in films)]):
            detail = f"the film has the same pixels as {twin.name}"
            failures.append(Failure(row, "file_repeated", detail, outcome.laterality))
        else:
            films.append((row, outcome))
    return films, failures


def _attempt(row: FilmRow, read: FilmReader) -> ExaminedFilm | Failure:
    """Read a film, or return the reason for its failure, so that one invalid file does not stop the others."""
    if row.wrong:
        code, _, detail = row.wrong.partition(": ")
        return Failure(row, code, detail, row.laterality)
    try:
        return read(row)
    except UnplacedFilmError as error:
        return Failure(row, error.code, error.detail, error.laterality, error.verdict, error.notices)
    except Exception as error:  # noqa: BLE001 - as in `predict`, one file must not end the run
        code, detail = reason(error)
        return Failure(row, code, detail, row.laterality)


def _reading(
    name: str,
    films: Sequence[ExaminedFilm],
    failures: Sequence[Failure],
    models: ExaminationModels,
    strangers: Set[Path],
    history: _History,
) -> ExaminedCase:
    unplaced = [failure for failure in failures if failure.laterality is None]
    verdicts = [failure.verdict for failure in unplaced if failure.verdict is not None]
    of_either = [verdict_of(film.result) for film in films if film.result.side_in_doubt]
    of_either += [failure.verdict for failure in failures if failure.verdict is not None and failure.side_in_doubt]
    known = len(verdicts) == len(unplaced) and all(map(is_cleared, [*verdicts, *of_either]))
    in_doubt = not strangers <= history.apart or not known
    breasts: list[BreastReading] = []
    told: list[contract.BreastReading] = []
    lacking: list[str] = []
    priors, unread = history.compared(), history.unread()
    for side in _SIDES:
        own = [film for film in films if film.laterality == side]
        of_side = [failure for failure in failures if failure.laterality == side]
        alone = [failure.verdict for failure in of_side if failure.verdict is not None]
        if own or of_side:
            breast = read_breast(side, own, len(of_side) - len(alone), models, alone)
            breast = breast.doubted() if in_doubt else breast
            missing = not_compared(own, priors, unread)
            breasts.append(breast)
            told.append(breast_as_contract(breast, models, priors, compared=not missing))
            lacking.extend(missing)
    of_breasts = [Verdict(breast.assessment, breast.probability_malignant) for breast in told]
    case = by_rule([*of_breasts, *verdicts], len(unplaced))
    return ExaminedCase(name, breasts, told, case, lacking, frozenset(strangers), history.apart)
