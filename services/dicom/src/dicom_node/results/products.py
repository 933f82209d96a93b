"""The products of a study: what each is made from, and how. A failed product does not delay the others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom_node.journal.orders import Order
from dicom_node.journal.outgoing import Kind
from dicom_node.results.bundle import fhir_bundle
from dicom_node.results.cad_report import cad_report
from dicom_node.results.concepts import derived_uid
from dicom_node.results.conclusion_report import conclusion_report
from dicom_node.results.document import encapsulated_pdf
from dicom_node.results.examination import Examination, Signed
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.message import report_message
from dicom_node.results.presentation_state import presentation_state
from dicom_node.results.secondary_capture import secondary_capture
from dicom_node.results.segmentation import outlined, segmentation
from dicom_node.results.structured_report import structured_report, verdict_report
from lobule.client import Client


@dataclass(frozen=True)
class Document:
    """An object in another format than DICOM.

    Attributes:
        uid: Identifier of the object.
        content: Bytes of the object.
    """

    uid: str
    content: bytes


@dataclass(frozen=True)
class ReportingContext:
    """Further data of reports to systems other than a PACS.

    Attributes:
        portal_url: Address of the portal.
        patient_system: Identifier system of patients in FHIR.
        order: Order of the study, if it is known.
        accession: Accession number of the study as its films have it, which may be longer than the standard allows.
        patient_id: Identifier that the hospital uses for the patient now; empty: that of the films.
    """

    portal_url: str = ""
    patient_system: str = ""
    order: Order | None = None
    accession: str = ""
    patient_id: str = ""


NO_CONTEXT = ReportingContext()
Build = Callable[[Dataset | None], Dataset | Document]
"""Makes the object; the argument identifies the report that it refers to as its predecessor."""


@dataclass(frozen=True)
class Product:
    """An object that a study should have.

    Attributes:
        kind: Kind of the object.
        made_from: Key that changes if the object must be made again.
        build: Makes the object.
        part: Id of the job of the film that it is about; empty if it is about the whole study.
        predecessors: The kinds of report that it replaces or extends; it refers to the first that exists.
        only_again: Whether it is made only if an earlier version of it exists.
    """

    kind: Kind
    made_from: str
    build: Build
    part: str = ""
    predecessors: Sequence[Kind] = ()
    only_again: bool = False


def products(
    examination: Examination, client: Client, case_id: str, context: ReportingContext = NO_CONTEXT
) -> Iterator[Product]:
    """List the products that a study should have now. If all films failed, these are reports that say so.

    What readers drew on films that failed is reported like what they drew on others. Once something was signed, no
    draft takes its place: conclusion and verdicts stay as they were signed until the next signature. Message and bundle
    tell that a version is no longer in force. What the system finds is told as before. Findings are told once the films
    were read together, which numbers them. If a later examination of the case has taken the study's place, conclusion
    and report of the case are about that one. Then only what the films say by themselves is made, and report, message
    and bundle of the last version that was signed of the study itself.

    Args:
        examination: The study's examination, as the gateway describes it.
        client: Client of the gateway, which has the report and the pictures.
        case_id: The study's case.
        context: Further data of reports to other systems.
    """
    films, analysed = examination.films, examination.analysed
    numbered = not (examination.awaited and examination.is_current)
    if films and numbered:
        yield Product("findings", analysed, lambda before: _findings(films, before), "", ("findings",))
        yield Product("pictures", analysed, lambda _: _pictures(examination, client))
    for place, film in enumerate(films if numbered else [], 1):
        yield from _of_film(film, place)
    yield Product("cad", examination.searched, lambda before: _cad(examination, before), "", ("cad",))
    if examination.is_current:
        yield from _of_case(examination, client, case_id, context)
    elif examination.own_version is not None:
        yield from _of_own_version(examination, examination.own_version, client, case_id, context)


def _of_own_version(
    examination: Examination, signed: Signed, client: Client, case_id: str, context: ReportingContext
) -> Iterator[Product]:
    """The products of a signature, made before a later examination became the case's current one."""
    # The case's conclusion is about the later examination: only the reader's own is told.
    own = replace(examination, assessment=None, signed=signed, signed_version=signed.version)
    wanted = f"signed:{signed.version}"
    yield Product("document", wanted, lambda _: _document(own, client, case_id))
    yield from _of_signature(own, client, case_id, context)


def _of_case(examination: Examination, client: Client, case_id: str, context: ReportingContext) -> Iterator[Product]:
    """The products about the conclusion and the signature of the case."""
    films, analysed, signed = examination.films, examination.analysed, examination.signed
    state = analysed if signed is None else f"{analysed};signed:{signed.version}"
    signed_before = examination.signed_version is not None
    if not examination.awaited and (signed is not None or not signed_before):
        concluded = ";".join([state, *examination.not_searched, examination.concluded])
        yield Product("conclusion", concluded, lambda before: _conclusion(examination, before), "", ("conclusion",))
    if signed_before:
        wanted = f"signed:{examination.signed_version}"
        yield Product("document", wanted, lambda _: _document(examination, client, case_id))
    elif not examination.awaited:  # the draft says what the conclusion says
        wanted = f"draft:{examination.searched};{examination.concluded}"
        yield Product("document", wanted, lambda _: _document(examination, client, case_id))
    if signed is not None and not examination.awaited:  # told as well when the last verdict is withdrawn
        yield Product(
            "verdicts",
            state,
            lambda before: _verdicts(examination, before),
            predecessors=("verdicts", "findings"),
            only_again=not signed.says_anything_of_findings(films, examination.failed),
        )
    if signed_before:
        yield from _of_signature(examination, client, case_id, context)


def _of_signature(
    examination: Examination, client: Client, case_id: str, context: ReportingContext
) -> Iterator[Product]:
    """The products about the last signed version of a study for systems other than a PACS.

    Those that were told of it are told as well that it is no longer in force.
    """
    reopened = examination.signed is None
    wanted = f"{'reopened' if reopened else 'signed'}:{examination.signed_version}"
    yield Product(
        "message",
        wanted,
        lambda before: _message(examination, case_id, context, corrects=before is not None),
        predecessors=("message",),
        only_again=reopened,
    )
    yield Product("bundle", wanted, lambda _: _bundle(examination, client, case_id, context), only_again=reopened)


def _of_film(film: AnalysedFilm, place: int) -> Iterator[Product]:
    """The products of a single film, in the series of all films of its study."""
    study = str(film.header.StudyInstanceUID)
    if outlined(film):
        series = derived_uid("outlines", study)
        yield Product(
            "outlines",
            film.analysed,
            lambda _: segmentation(film, uid=generate_uid(), series_uid=series, number=place),
            film.job_id,
        )
    if film.result.marked_findings() and film.repeats_display:
        shown = derived_uid("marks", study)
        yield Product(
            "marks",
            film.analysed,
            lambda _: presentation_state(film, uid=generate_uid(), series_uid=shown, number=place),
            film.job_id,
        )


def _findings(films: Sequence[AnalysedFilm], before: Dataset | None) -> Dataset:
    return structured_report(films, uid=generate_uid(), series_uid=generate_uid(), previous=before)


def _cad(examination: Examination, before: Dataset | None) -> Dataset:
    names = {"uid": generate_uid(), "series_uid": generate_uid()}
    return cad_report(examination.films, examination.failed, **names, previous=before)


def _conclusion(examination: Examination, before: Dataset | None) -> Dataset:
    return conclusion_report(examination, uid=generate_uid(), series_uid=generate_uid(), previous=before)


def _verdicts(examination: Examination, before: Dataset | None) -> Dataset:
    assert examination.signed is not None
    names = {"uid": generate_uid(), "series_uid": generate_uid()}
    return verdict_report(examination.films, examination.signed, examination.failed, **names, previous=before)


def _document(examination: Examination, client: Client, case_id: str) -> Dataset:
    signed = examination.signed_version
    return encapsulated_pdf(
        client.case_report(case_id, signed, "pdf"),
        examination.films or examination.failed,
        uid=generate_uid(),
        series_uid=generate_uid(),
        signed=signed,
        made_at=datetime.now(UTC).astimezone(),
    )


def _message(examination: Examination, case_id: str, context: ReportingContext, *, corrects: bool) -> Document:
    names = {"uid": generate_uid(), "link": f"{context.portal_url.rstrip('/')}/cases/{case_id}"}
    names |= {"accession": context.accession, "patient_id": context.patient_id}
    now = datetime.now(UTC)
    return Document(
        names["uid"], report_message(examination, **names, order=context.order, made_at=now, corrects=corrects)
    )


def _bundle(examination: Examination, client: Client, case_id: str, context: ReportingContext) -> Document:
    pdf = client.case_report(case_id, examination.signed_version, "pdf")
    bundle = client.fhir_bundle(case_id, examination.signed_version)
    header, system = examination.header, context.patient_system
    return Document(generate_uid(), fhir_bundle(bundle, header, pdf, system, context.accession, context.patient_id))


def _pictures(examination: Examination, client: Client) -> Dataset:
    files = {film.job_id: film.result.display.file for film in examination.films}

    def picture_of(job_id: str) -> bytes:
        return client.picture(job_id, files[job_id])

    return secondary_capture(examination.films, picture_of, uid=generate_uid(), series_uid=generate_uid())
