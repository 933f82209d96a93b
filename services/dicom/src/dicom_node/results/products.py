"""The products of a study: what each is made from, and how. One that fails holds up no other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom_node.journal.made import Kind
from dicom_node.results.cad_report import cad_report
from dicom_node.results.concepts import derived_uid
from dicom_node.results.conclusion_report import conclusion_report
from dicom_node.results.document import encapsulated_pdf
from dicom_node.results.examination import Examination
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.presentation_state import presentation_state
from dicom_node.results.secondary_capture import secondary_capture
from dicom_node.results.segmentation import outlined, segmentation
from dicom_node.results.structured_report import structured_report, verdict_report
from lobule.client import Client

Build = Callable[[Dataset | None], Dataset]
"""Makes the object; it is given the names of the report that it refers to as the one before."""


@dataclass(frozen=True)
class Product:
    """An object that a study should have.

    Attributes:
        kind: Which one.
        made_from: Changes when it is to be made anew.
        build: Makes it.
        part: Job of the film that it is about; empty where it is about all.
        predecessor: The kind of report that it takes the place of or adds to; None: it refers to none.
    """

    kind: Kind
    made_from: str
    build: Build
    part: str = ""
    predecessor: Kind | None = None


def products(examination: Examination, client: Client, case_id: str) -> Iterator[Product]:
    """All that a study should have now.

    Args:
        examination: Of the study, as it stands in the gateway.
        client: Of the gateway, which has the report and the pictures.
        case_id: The case of the study.
    """
    films, analysed, signed = examination.films, examination.analysed, examination.signed
    yield Product("findings", analysed, lambda before: _report(structured_report, films, before), "", "findings")
    for place, film in enumerate(films, 1):
        yield from _of_film(film, place)
    state = analysed if signed is None else f"{analysed};signed:{signed.version}"
    if not examination.awaited:
        concluded = f"{state};{examination.concluded}"
        yield Product("conclusion", concluded, lambda before: _conclusion(examination, before), "", "conclusion")
    wanted = f"draft:{analysed}" if signed is None else f"signed:{signed.version}"
    yield Product("document", wanted, lambda _: _document(examination, client, case_id))
    if signed is not None and signed.says_anything_of_findings:
        yield Product("verdicts", state, lambda before: _verdicts(examination, before), "", "findings")
    yield Product("pictures", analysed, lambda _: _pictures(examination, client))
    yield Product("cad", analysed, lambda before: _report(cad_report, films, before), "", "cad")


def _of_film(film: AnalysedFilm, place: int) -> Iterator[Product]:
    """What a film has for itself, in the series of all films of its study."""
    study = str(film.header.StudyInstanceUID)
    if outlined(film):
        series = derived_uid("outlines", study)
        yield Product(
            "outlines",
            film.job_id,
            lambda _: segmentation(film, uid=generate_uid(), series_uid=series, number=place),
            film.job_id,
        )
    if film.result.marked_findings():
        shown = derived_uid("marks", study)
        yield Product(
            "marks",
            film.job_id,
            lambda _: presentation_state(film, uid=generate_uid(), series_uid=shown, number=place),
            film.job_id,
        )


def _report(form: Callable[..., Dataset], films: object, before: Dataset | None) -> Dataset:
    return form(films, uid=generate_uid(), series_uid=generate_uid(), previous=before)


def _conclusion(examination: Examination, before: Dataset | None) -> Dataset:
    return conclusion_report(examination, uid=generate_uid(), series_uid=generate_uid(), previous=before)


def _verdicts(examination: Examination, before: Dataset | None) -> Dataset:
    assert examination.signed is not None
    names = {"uid": generate_uid(), "series_uid": generate_uid()}
    return verdict_report(examination.films, examination.signed, **names, previous=before)


def _document(examination: Examination, client: Client, case_id: str) -> Dataset:
    signed = examination.signed.version if examination.signed else None
    return encapsulated_pdf(
        client.case_report(case_id, signed, "pdf"),
        examination.films,
        uid=generate_uid(),
        series_uid=generate_uid(),
        signed=signed,
        made_at=datetime.now(UTC),
    )


def _pictures(examination: Examination, client: Client) -> Dataset:
    shown = {film.job_id: client.picture(film.job_id, film.result.display.file) for film in examination.films}
    return secondary_capture(examination.films, shown, uid=generate_uid(), series_uid=generate_uid())
