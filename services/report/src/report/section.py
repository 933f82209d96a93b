"""One analysed image in words: the section that its own report and the report of its case share."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from lobule.contracts.case import Review, Verdict
from lobule.contracts.examination import LesionPlace
from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import ADVICE_NOTICES, Assessment, Finding, ImageInfo, Laterality, Result
from lobule.modalities import spec_of_result
from lobule.words import Words
from lobule.words.breasts import place_in_words
from report.certainty import Zone, certainty_of, frequency_of, scale_of, zones
from report.facts import examined_facts, package_sentence, system_facts
from report.parts import Fact, HeatLegend, Part, ScaleBar
from report.sizes import from_nipple_words, position_words, scale_bar_of, size_words
from report.tissue import heat_map_legend


class FindingRow(Part):
    """A finding in words. Its suspicion is shown first and determines its colour.

    Attributes:
        number: Number as in the portal, which all marks of a lesion share; None on an earlier film without a match.
        index: Index in the result's findings.
        state: Assessment of the suspicion by the film's thresholds; determines the colour.
        lesion_state: State of the lesion's most suspicious mark, so that its marks have one colour where they stand
            side by side.
        suspicion: Suspicion as a percentage.
        headline: The suspicion in words.
        tag: Text beside the finding in the picture.
        calcified: Whether it is a cluster of calcifications, which has another shape than a mass wherever it is drawn.
        kind: The most likely class, in words.
        presence: Probability of a lesion, whatever its class.
        kind_name: What `kind` is called: a class of a mass, or the kind of any finding.
        presence_name: What `presence` is called.
        position: Position of its centre.
        place: Place in the breast: side, clock face and depth, as far as known from the films of the examination; else
            empty.
        from_nipple: Distance from the nipple on its film; empty if it is not known.
        size: Size of its box.
        judged: The clinician's verdict.
        verdict: The verdict in words; None if nobody reviewed the image.
        comment: Comment of the clinician.
    """

    number: int | None
    index: int
    state: Assessment | Literal["unknown"]
    lesion_state: Assessment | Literal["unknown"]
    suspicion: str
    headline: str
    tag: str
    calcified: bool
    kind: str
    presence: str
    kind_name: str
    presence_name: str
    position: str
    place: str = ""
    from_nipple: str = ""
    size: str
    judged: Verdict | None
    verdict: str | None
    comment: str


class ImageSection(Part):
    """The complete content of a report about one result. Exporters lay it out and add no sentences of their own."""

    number: int
    name: str
    file_name: str
    is_film: bool
    is_prior: bool
    side: Laterality | None
    title: str
    analysed: str
    assessment: Assessment
    conclusion: str
    explanation: str
    percent: str | None  # as `probability`, None for an image without a number
    probability: float | None
    certainty: str
    frequency: str
    scale: str
    zones: tuple[Zone, ...]
    heat_map_legend: HeatLegend | None
    heat_map_notes: tuple[str, ...]
    scale_bar: ScaleBar | None
    findings: tuple[FindingRow, ...]
    kind_name: str  # for all of them, as `FindingRow.kind_name`
    presence_name: str
    looks_for_findings: bool
    examined: tuple[Fact, ...]
    notices: tuple[str, ...]
    weak: str
    weak_count: int
    review: tuple[str, ...]
    next_step: str
    system: tuple[Fact, ...]
    model_line: str
    weights_sha256: str


def build_section(
    result: Result,
    analysed_at: datetime,
    text: Words,
    *,
    number: int = 1,
    name: str | None = None,
    is_prior: bool = False,
    reviews: Iterable[Review] = (),
    places: Mapping[str, tuple[LesionPlace, float | None]] = MappingProxyType({}),
    numbers: Mapping[str, int] | None = None,
) -> ImageSection:
    """Put a result into words.

    Args:
        result: Result of the image.
        analysed_at: Time at which the analysis ended, with a time zone; shown in the time zone of `text`.
        text: Sentences of the report's language.
        number: Number of the image in its report.
        name: Name of the image in its report; None for the name of its file.
        is_prior: Whether the film is of an earlier examination, which is not part of the conclusion.
        reviews: The clinician's reviews of the findings and of the image as a whole.
        places: Places of the findings in the breast, and their distances from the nipple in millimetres, by the ids of
            the findings.
        numbers: Numbers of the findings, by their ids; None to number them by their places in the result.

    Raises:
        ValueError: `analysed_at` has no time zone.
    """
    if analysed_at.tzinfo is None:
        raise ValueError("analysed_at needs a time zone")
    spec, assessment, probability = spec_of_result(result), result.assessment, result.shown_probability
    shown = None if probability is None else text.percent(probability, result.thresholds)
    verdicts = {review.finding_id: review for review in reviews}
    findings = _shown(result, verdicts)
    numbered = {f.id: i for i, f in enumerate(result.findings, start=1)} if numbers is None else numbers
    return ImageSection(
        number=number,
        name=name or result.image.file_name,
        file_name=result.image.file_name,
        is_film=spec.evidence == "film",
        is_prior=is_prior,
        side=result.image.laterality,
        title=text.of_modality(spec, "document.title."),
        analysed=moment(analysed_at, text),
        assessment=assessment,
        conclusion=text(f"common.assessment.{assessment}"),
        explanation=text.of_modality(spec, "conclusion.", assessment),
        percent=shown,
        probability=probability,
        certainty=certainty_of(result, text),
        frequency=frequency_of(result, text),
        scale=scale_of(result, text),
        zones=tuple(zones(result.thresholds, text)),
        heat_map_legend=heat_map_legend(result, text),
        heat_map_notes=_heat_map_notes(result, text),
        scale_bar=scale_bar_of(result, text),
        findings=tuple(
            _finding(
                i, numbered.get(f.id), result, verdicts.get(f.id), bool(verdicts), *places.get(f.id, (None, None)), text
            )
            for i, f in findings
        ),
        kind_name=_name_of("kind", (f for _, f in findings), text),
        presence_name=_name_of("presence", (f for _, f in findings), text),
        looks_for_findings=bool(spec.holds.findings),
        examined=examined_facts(result, text),
        notices=tuple(text.notice(n) for n in result.notices if n.code not in ADVICE_NOTICES),
        weak=weak_marks(len(result.findings) - len(findings), text),
        weak_count=len(result.findings) - len(findings),
        review=_review(verdicts.get("image"), text),
        next_step=text.of_modality(spec, "next.", _next_step(result, spec)),
        system=system_facts(result, text),
        model_line=text("system.line", name=result.model.name, version=result.model.version),
        weights_sha256=result.model.weights_sha256,
    )


def _shown(result: Result, verdicts: dict[str, Review]) -> list[tuple[int, Finding]]:
    """Findings with their places in the result: the marked ones, and weak ones that have verdicts."""
    return [(i, f) for i, f in enumerate(result.findings) if result.marks(f) or f.id in verdicts]


def _name_of(column: str, findings: Iterable[Finding], text: Words) -> str:
    """The name of a column: of masses, or of any findings if some of these are calcifications."""
    return text(f"findings.{column}.any" if any(f.label == CALCIFICATION for f in findings) else f"findings.{column}")


def weak_marks(count: int, text: Words) -> str:
    """How many marks are below the working threshold and not shown, as a sentence; empty if there are none."""
    return text("findings.weak", count=count) if count else ""


def moment(at: datetime, text: Words) -> str:
    """A time as a report writes it, with its zone."""
    there = at.astimezone(text.zone)
    if not there.utcoffset():
        return text("document.time", time=text.moment(there))
    return text("document.time_there", time=text.moment(there), offset=there.isoformat()[-6:])


def _review(review: Review | None, text: Words) -> tuple[str, ...]:
    if review is None:
        return ()
    said = _verdict(review)
    verdict = () if said == "none" else (text("review.image", verdict=text(f"review.{said}")),)
    return verdict + ((text("review.comment", comment=review.comment),) if review.comment else ())


def _verdict(review: Review | None) -> Literal["confirmed", "dismissed", "differ", "none"]:
    """The suffix of a verdict's key."""
    if review and review.readers_differ:
        return "differ"
    return (review and review.verdict) or "none"


def _heat_map_notes(result: Result, text: Words) -> tuple[str, ...]:
    if result.heat_map is None:
        return ()
    heat = result.heat_map
    return (
        text("heat_map.meaning", meaning=package_sentence(heat.meaning, text)),
        text("heat_map.method", method=package_sentence(heat.method, text)),
    )


def _next_step(result: Result, spec: ModalitySpec) -> str:
    """The suffix of the advice's key: a tissue sample is suggested only if a marked finding is suspicious."""
    marked = result.finding_assessment() in ("not_sure", "malignancy_suspected")
    in_doubt = spec.evidence == "film" and result.assessment != "no_sign_of_malignancy"
    return f"{result.assessment}.marked" if marked and in_doubt else result.assessment


def _finding(
    index: int,
    number: int | None,
    result: Result,
    review: Review | None,
    reviewed: bool,
    place: LesionPlace | None,
    from_nipple_mm: float | None,
    text: Words,
) -> FindingRow:
    finding = result.findings[index]
    box, image, suspicion = finding.box, result.image, finding.probability_malignant
    shown = text("examined.unknown") if suspicion is None else text.percent(suspicion, result.thresholds)
    state = "unknown" if suspicion is None else result.thresholds.assess(suspicion)
    return FindingRow(
        number=number,
        index=index,
        state=state,
        lesion_state=state,
        suspicion=shown,
        headline=text("findings.headline", percent=shown),
        tag=str(number or shown) if None in (number, suspicion) else text("findings.tag", number=number, percent=shown),
        calcified=finding.label == CALCIFICATION,
        kind=text.name(spec_of_result(result), f"findings.label.{finding.label}"),
        presence=text.percent(finding.probability),
        kind_name=_name_of("kind", [finding], text),
        presence_name=_name_of("presence", [finding], text),
        position=position_words(box, image, text),
        place=side_and_place(place, image, text),
        from_nipple=from_nipple_words(from_nipple_mm, image, text),
        size=size_words(box, image, text),
        judged=review.verdict if review else None,
        verdict=text(f"review.{_verdict(review)}") if reviewed else None,
        comment=review.comment if review else "",
    )


def side_and_place(place: LesionPlace | None, image: ImageInfo, text: Words) -> str:
    """The breast and the place in it, in words; empty if either is not known."""
    if place is None or image.laterality is None:
        return ""
    return text("findings.place.of", side=text(f"clinical.side.{image.laterality}"), place=place_in_words(place, text))
