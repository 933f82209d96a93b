"""The films of earlier examinations in a table, with which the newest ones are compared, as in the service."""

from collections.abc import Sequence, Set
from datetime import date

from lobule.contracts.examination_request import WORK_UP
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.views import FilmRow


def by_date(rows: Sequence[FilmRow]) -> tuple[list[FilmRow], list[FilmRow]]:
    """Separate the rows of the newest day, or without one, from the earlier ones, the latest of these first."""
    newest = max((row.day for row in rows if row.day), default=None)
    earlier = [row for row in rows if row.day and newest and row.day < newest]
    return [row for row in rows if row not in earlier], sorted(earlier, key=_day, reverse=True)


def recent_of(current: Sequence[FilmRow], earlier: Sequence[FilmRow]) -> set[FilmRow]:
    """The earlier rows of which the current ones may be the work-up."""
    began = min((row.day for row in current if row.day), default=None)
    return {row for row in earlier if began and began - _day(row) <= WORK_UP}


def to_compare(earlier: Sequence[tuple[FilmRow, ExaminedFilm]], recent: Set[FilmRow]) -> list[ExaminedFilm]:
    """The earlier films to compare with: a recent one only if no older film has its side and view."""
    older = {_view(film) for row, film in earlier if row not in recent}
    return [film for row, film in earlier if row not in recent or _view(film) not in older]


def _view(film: ExaminedFilm) -> tuple[str, str]:
    return film.laterality, film.view


def _day(row: FilmRow) -> date:
    return row.day or date.min
