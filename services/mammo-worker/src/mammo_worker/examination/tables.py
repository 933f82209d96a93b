"""Writes examinations: the table of breasts and cases, and the details of their lesions and reasons."""

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lobule.contracts import examination as contract
from lobule.contracts.examination import numbered_lesions
from lobule.contracts.language import LANGUAGES
from lobule.contracts.notices import NOT_EVALUATED, TO_CHECK
from lobule.contracts.result import DensityCategory
from lobule.words import Words
from lobule.words.breasts import breasts_in_words
from lobule_ml.batch import Row, open_output, row_writer, tracked
from mammo_worker.examination.breasts import Lesion
from mammo_worker.examination.examine import ExaminedCase, Failure, FilmReader, examine
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.rule import Verdict
from mammo_worker.examination.views import FilmRow

COLUMNS = ("examination", "laterality", "views", "probability_malignant", "assessment", "density", "errors", "to_check")
_CHECKED = NOT_EVALUATED.union({"other_patient"}, *TO_CHECK.values())
CASE = "case"
"""Value of the laterality column in the row of a case."""


def table_rows(reading: ExaminedCase, failures: Sequence[Failure]) -> Iterator[Row]:
    """Yield a row (`COLUMNS`) for each breast, then one for the case, with the density of its denser breast.

    A film whose side is not known stands in the rows of both breasts, because it keeps both from being called negative.
    """
    views: list[str] = []
    for breast, told in zip(reading.breasts, reading.told, strict=True):
        views += [f"{breast.laterality}{view}" for view in breast.views]
        own = [failure for failure in failures if failure.laterality in (breast.laterality, None)]
        verdict = Verdict(told.assessment, told.probability_malignant)
        yield _row(reading, breast.laterality, breast.views, verdict, breast.density, own, breast.films)
    densities: list[DensityCategory] = [breast.density for breast in reading.breasts if breast.density]
    densest: DensityCategory | None = max(densities) if densities else None
    films = [film for breast in reading.breasts for film in breast.films]
    yield _row(reading, CASE, views, reading.case, densest, failures, films)


def _row(
    reading: ExaminedCase,
    laterality: str,
    views: Sequence[str],
    verdict: Verdict,
    density: DensityCategory | None,
    failures: Sequence[Failure],
    films: Sequence[ExaminedFilm],
) -> Row:
    noticed = [(Path(film.name), notice.code) for film in films for notice in film.result.notices]
    noticed += [(failure.row.file, code) for failure in failures for code in failure.notices]
    strange = [(Path(film.name), "other_patient") for film in films if Path(film.name) in reading.strangers]
    strange += [(file, "other_patient") for file in sorted(reading.apart)]
    return {
        "examination": reading.name,
        "laterality": laterality,
        "views": list(views),
        "probability_malignant": verdict.probability,
        "assessment": verdict.assessment,
        "density": density,
        "errors": [f"{failure.row.file.name}:{failure.code}" for failure in failures],
        "to_check": [f"{file.name}:{code}" for file, code in [*strange, *noticed] if code in _CHECKED],
    }


def details(reading: ExaminedCase, models: ExaminationModels) -> dict[str, Any]:
    """All conclusions as JSON-compatible values."""
    languages = {language: Words(language) for language in LANGUAGES}
    breasts: list[dict[str, Any]] = []
    told_in = {language: breasts_in_words(reading.told, words) for language, words in languages.items()}
    ranked = [id(lesion) for lesion in numbered_lesions(reading.told)]
    for place, (breast, told) in enumerate(zip(reading.breasts, reading.told, strict=True)):
        breasts.append(
            {
                "laterality": breast.laterality,
                "views": breast.views,
                "assessment": told.assessment,
                "probability": told.probability_malignant,
                "lesions": [
                    {"number": 1 + ranked.index(id(same)), **_lesion(lesion), "change": _change(same)}
                    for lesion, same in zip(breast.lesions, told.lesions, strict=True)
                ],
                "without": breast.without,
                "bi_rads": told.bi_rads,
                "density": breast.density,
                "standings": [standing.model_dump() for standing in told.standings],
                "words": {language: told_in[language][place] for language in languages},
            }
        )
    probability = reading.case.probability
    case: dict[str, Any] = {"assessment": reading.case.assessment, "probability": probability}
    standings = [] if probability is None else [p.standing(probability) for p in models.populations]
    case["standings"] = [standing.model_dump() for standing in standings]
    strangers = sorted(map(str, reading.strangers))
    return {
        "examination": reading.name,
        "breasts": breasts,
        "case": case,
        "not_compared": reading.not_compared,
        "other_patient": strangers,
    }


def _lesion(lesion: Lesion) -> dict[str, Any]:
    """A lesion; its findings have the numbers that they have in the table of `predict`."""
    findings = {film: finding + 1 for film, finding in lesion.findings.items()}
    return {**asdict(lesion), "findings": findings, "region": lesion.region and lesion.region.model_dump()}


def _change(lesion: contract.Lesion) -> dict[str, Any] | None:
    """The change since the earlier film that it names."""
    names = {"change", "growth", "before_mm", "now_mm", "earlier"}
    return lesion.change and lesion.change.model_dump(include=names)


def write_examinations(
    rows: Sequence[FilmRow], read: FilmReader, models: ExaminationModels, output: Path, details_to: Path | None
) -> list[Failure]:
    """Read every examination and write the table during the run, with a progress bar.

    Returns:
        The films that could not be assessed.
    """
    failures: list[Failure] = []
    everything: list[dict[str, Any]] = []
    total = len({row.examination for row in rows})
    with open_output(output) as stream, open_output(details_to) if details_to else nullcontext() as details_stream:
        write = row_writer(stream, COLUMNS, as_json=False)
        try:
            for reading, failed in tracked(examine(rows, read, models), "examinations", total):
                failures += failed
                for row in table_rows(reading, failed):
                    write(row)
                everything.append(details(reading, models))
        finally:  # of an interrupted run, the details of what is in the table
            if details_stream is not None:
                details_stream.write(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
    return failures
