"""The content of a report before it is rendered: its parts in order, with all sentences written.

One model serves a case and a single image: a single image is a report with one section that speaks for itself.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from lobule.assessments import combine
from lobule.contracts.case import CaseContent, CaseImage, Hanging, ImageEvidence, numbered
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.language import Language
from lobule.contracts.result import Assessment, Laterality, Result
from lobule.corrections import as_corrected
from lobule.modalities import spec_of_result
from lobule.numbering import earlier_numbers_of, numbers_of
from lobule.places import places_of_drawn, places_of_findings
from lobule.words import Words
from lobule.words.breasts import finding_above
from report.changes import changes_of
from report.clinician import Clinician, clinician_of
from report.lesions import LesionEntry, lesion_entries, with_lesion_states
from report.limits import limits_of, limits_of_case
from report.not_assessed import NotAssessed, not_assessed
from report.notes import doubt_of, doubts_of, notes_of
from report.parts import Fact, Part
from report.places import Place, order, places
from report.reader import ReaderRow, reader_rows, same_lesions
from report.section import ImageSection, build_section, moment, weak_marks


class ReportDocument(Part):
    """The complete content of a report. Exporters lay it out and add no sentences of their own."""

    schema_version: Literal["1"] = "1"
    kind: Literal["image", "case"]
    language: Language
    status: Literal["draft", "signed"] | None = Field(description="of a case's report; null for an image's")
    title: str
    about: tuple[Fact, ...] = Field(description="what the report is about and when it was made")
    assessment: Assessment | None
    conclusion: str
    explanation: str
    percent: str | None
    percent_label: str
    clinician: Clinician | None
    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = Field(default=(), description="what has to be checked on the films, and why")
    in_doubt: tuple[str, ...] = Field(default=(), description="the same in a few words, for each of `images`")
    next_steps: tuple[str, ...]
    images: tuple[ImageSection, ...]
    notes: tuple[str, ...] = Field(default=(), description="the notices of a case's images, each once")
    lesions: tuple[LesionEntry, ...] = Field(default=(), description="the findings of a case's images by lesion")
    drawn: tuple[tuple[ReaderRow, ...], ...] = Field(
        default=(), description="the readers' own findings, for each of `images`; the system has no part in them"
    )
    same_lesions: tuple[str, ...] = Field(default=(), description="the findings that readers marked as the same lesion")
    hung: tuple[int, ...] = Field(
        description="films of the current examination in the order in which they hang, as indices of `images`"
    )
    places: tuple[Place, ...] = Field(
        description="where these films hang: the four views, each in its own place, then further films"
    )
    not_assessed: tuple[NotAssessed, ...]
    weak: str = Field(default="", description="a sentence with the number of marks below the threshold")
    limits: tuple[str, ...]
    models: tuple[tuple[Fact, ...], ...]
    results: tuple[Result, ...] = Field(description="the figures behind the words, with corrected views and sides")

    def drawn_on(self, index: int) -> tuple[ReaderRow, ...]:
        """The readers' findings on one of `images`."""
        return self.drawn[index] if self.drawn else ()


def image_document(result: Result, analysed_at: datetime, text: Words) -> ReportDocument:
    """The report of one image alone.

    Args:
        result: Result of the image.
        analysed_at: Time at which the analysis ended, with a time zone.
        text: Sentences of the report's language.

    Raises:
        ValueError: `analysed_at` has no time zone.
    """
    section = build_section(result, analysed_at, text)
    return ReportDocument(
        kind="image",
        language=text.language,
        status=None,
        title=section.title,
        about=(Fact(label=text("document.analysed"), value=section.analysed),),
        assessment=section.assessment,
        conclusion=section.conclusion,
        explanation=section.explanation,
        percent=section.percent,
        percent_label=text("findings.suspicion"),
        clinician=None,
        reasons=(),
        next_steps=(section.next_step,),
        images=(section,),
        hung=(),
        places=(),
        not_assessed=(),
        limits=tuple(limits_of(spec_of_result(result), [result.image], text, whole=True)),
        models=(section.system,),
        results=(result,),
    )


def case_document(content: CaseContent, results: Sequence[Result | None], text: Words) -> ReportDocument:
    """The report of a case.

    Args:
        content: Content of the report.
        results: Results of the assessed images, in their order; None for one that can no longer be read.
        text: Sentences of the report's language.
    """
    names = _names(content.images, text)
    known = iter(results)
    images = [(image, next(known) if image.state == "assessed" else None) for image in content.images]
    analysed = [(image, result) for image, result in images if result is not None]
    by_job = {image.job_id: result for image, result in analysed}
    shown = [(image, as_corrected(result, image.image.view, image.image.laterality)) for image, result in analysed]
    corrected = [result for _, result in shown]
    numbers = {
        **earlier_numbers_of(content.examination, [image.job_id for image, _ in shown if image.is_prior]),
        **numbers_of(content.examination, [(image.job_id, result) for image, result in shown if not image.is_prior]),
    }
    sections = tuple(
        build_section(
            result,
            image.analysed_at or content.created_at,
            text,
            number=number,
            name=names[image.job_id],
            is_prior=image.is_prior,
            reviews=image.reviews,
            places=places_of_findings(content.examination, image.job_id),
            numbers=numbers.get(image.job_id),
        )
        for number, (image, result) in enumerate(shown, start=1)
    )
    placed = places_of_drawn(content, by_job)
    changes = changes_of(content.examination, {image.job_id: (image, result) for image, result in analysed}, text)
    lesions = lesion_entries(sections, corrected, changes, text)
    sections = with_lesion_states(sections, lesions)
    hanging: list[Hanging | None] = [_evidence(image).hanging for image, _ in shown]
    current = [i for i, section in enumerate(sections) if section.is_film and not section.is_prior]
    hung = sorted(current, key=lambda i: order(hanging[i]))
    conclusion, signature, by_side = content.conclusion, content.signature, _by_side(content, sections)
    return ReportDocument(
        kind="case",
        language=text.language,
        status="signed" if signature else "draft",
        title=text("document.title.case"),
        about=_about(content, text),
        assessment=conclusion.assessment,
        conclusion=text(f"common.assessment.{conclusion.assessment}" if conclusion.assessment else "conclusion.none"),
        explanation=text(f"conclusion.case.{conclusion.assessment or 'none'}"),
        percent=_highest(content, corrected, text),
        percent_label=text("certainty.highest"),
        clinician=clinician_of(signature, conclusion.assessment, text, by_side) if signature else None,
        reasons=(
            *(text.reason(reason) for reason in conclusion.reasons),
            *_breasts(content.examination, text),
        ),
        doubts=tuple(doubts_of([(names[image.job_id], result) for image, result in shown], text)),
        in_doubt=tuple(doubt_of(result, text) for _, result in analysed),
        next_steps=tuple(text.suggestion(step) for step in conclusion.suggestions),
        images=sections,
        notes=notes_of(sections, text),
        lesions=lesions,
        drawn=tuple(reader_rows(image, result, numbers, placed, text) for image, result in shown),
        same_lesions=same_lesions(content, by_job, names, numbers, text),
        hung=tuple(hung),
        places=places(hung, hanging, sections, conclusion.missing_views, _last_taken(content), text),
        weak=weak_marks(sum(section.weak_count for section in sections), text),
        not_assessed=tuple(
            not_assessed(image, names[image.job_id], text) for image, result in images if result is None
        ),
        limits=limits_of_case(
            content, corrected, [names[image.job_id] for image in content.images if image.is_prior], text
        ),
        models=tuple({section.weights_sha256: section.system for section in sections}.values()),
        results=tuple(corrected),
    )


def _breasts(reading: ExaminationReading | None, text: Words) -> Iterator[str]:
    """The joint reading of each breast and its suggested density, as sentences."""
    for breast in reading.breasts if reading else []:
        side = text(f"clinical.side.{breast.laterality}")
        if breast.probability_malignant is not None:
            assessment = text(f"common.assessment.{breast.assessment}")
            percent = text.percent(breast.probability_malignant)
            yield text("breast.assessed.side", side=side, assessment=assessment, percent=percent)
            if above := finding_above(breast, text):
                yield text("breast.finding_above.side", side=side, **above)
        if breast.density:
            words = text(f"clinical.density.{breast.density}")
            yield text("breast.density.side", side=side, letter=breast.density, words=words)


def _last_taken(content: CaseContent) -> dict[Hanging, date]:
    """The day of the newest earlier film of each view that the current examination does not have."""
    now = {_evidence(image).hanging for image in content.images if not image.is_prior}
    before: list[tuple[date, Hanging]] = [
        (image.study_date, hanging)
        for image in content.images
        if image.is_prior and image.study_date and (hanging := _evidence(image).hanging) and hanging not in now
    ]
    return {hanging: day for day, hanging in sorted(before)}


def _names(images: Sequence[CaseImage], text: Words) -> dict[str, str]:
    """What each image is called, by its job: numbered in its examination, a prior with its date, as in the portal."""
    names: dict[str, str] = {}
    for day in {image.study_date if image.is_prior else None for image in images}:
        together = [image for image in images if (image.study_date if image.is_prior else None) == day]
        for image in numbered([_evidence(image) for image in together]):
            names[image.job_id] = text("reading.prior", name=image.name, day=text.date(day)) if day else image.name
    return names


def in_hanging_order(content: CaseContent) -> CaseContent:
    """A case with its images reordered: current before earlier ones, each as films hang; all others as they came."""
    images = sorted(content.images, key=lambda image: (image.is_prior, order(_evidence(image).hanging)))
    return content.model_copy(update={"images": images})


def _evidence(image: CaseImage) -> ImageEvidence:
    info = image.image
    return ImageEvidence(
        job_id=image.job_id,
        file_name=info.file_name,
        modality=info.modality,
        view=info.view,
        laterality=info.laterality,
        state=image.state,
    )


def _about(content: CaseContent, text: Words) -> tuple[Fact, ...]:
    status = (
        text("document.version", version=content.signature.version) if content.signature else text("document.draft")
    )
    return (
        Fact(label=text("document.case"), value=content.pseudonym),
        Fact(label=text("document.examined"), value=_examined_on(content, text)),
        Fact(label=text("document.opened"), value=moment(content.created_at, text)),
        Fact(label=text("signature.version"), value=status),
        Fact(label=text("document.number"), value=content.case_id[:8]),
    )


def _examined_on(content: CaseContent, text: Words) -> str:
    """The dates of the current examination; an image of another kind may have one of its own."""
    days = {image.study_date for image in content.images if not image.is_prior and image.study_date}
    return text.list([text.date(day) for day in sorted(days)]) if days else text("document.examined.unknown")


def _by_side(content: CaseContent, sections: Sequence[ImageSection]) -> dict[Laterality, Assessment]:
    """The system's assessment of each breast: by the joint reading, else by its films."""
    if content.examination is not None:
        return {breast.laterality: breast.assessment for breast in content.examination.breasts}
    found: dict[Laterality, list[Assessment]] = {}
    for section in sections:
        if section.is_film and not section.is_prior and section.side:
            found.setdefault(section.side, []).append(section.assessment)
    return {side: together for side, said in found.items() if (together := combine(said))}


def _highest(content: CaseContent, results: Sequence[Result], text: Words) -> str | None:
    """The highest probability of the case, formatted as in the section that it comes from."""
    probability = content.conclusion.probability_malignant
    if probability is None:
        return None
    source = next((result for result in results if result.shown_probability == probability), None)
    return text.percent(probability, source.thresholds if source else None)
