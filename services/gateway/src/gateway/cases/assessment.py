"""The rule that combines the evidence of a case's images into one conclusion (docs/case-assessment.md).

The films of a breast that a model has read together count as this breast. Otherwise the rule errs only towards
suspicion: one suspected image makes a suspected case, tissue outranks films only if it is
malignant, and a case with an image that could not be assessed, or with a lesion that is new or has grown since an
earlier examination, is never negative.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from gateway.cases.comparison import NOT_COMPARED, Comparison
from gateway.cases.together import Together, read_together
from lobule.assessments import combine
from lobule.contracts.case import HANGINGS, Conclusion, Hanging, ImageEvidence, Reason, Suggestion, numbered
from lobule.contracts.examination import BreastState
from lobule.contracts.modality import Evidence
from lobule.contracts.reasons import ReasonCode
from lobule.contracts.result import Assessment, Laterality

_SIDES: tuple[Laterality, ...] = ("R", "L")
MEANINGFUL_DIFFERENCE = 0.2
"""Two views of a breast agree if their probabilities are closer than this (docs/case-assessment.md, Views)."""


def conclude(
    images: Sequence[ImageEvidence],
    unread: Mapping[str, ImageEvidence] = MappingProxyType({}),
    refused: Sequence[ImageEvidence] = (),
    former: Mapping[str, ImageEvidence] = MappingProxyType({}),
    comparison: Comparison = NOT_COMPARED,
    breasts: Sequence[BreastState] = (),
    *,
    recent: Collection[Hanging | None] = (),
    awaited: bool = False,
    failed: bool = False,
) -> Conclusion:
    """Combine the evidence of the images of a case.

    Args:
        images: Each image of the current examination once, with the state of its latest analysis.
        unread: Films of examinations shortly before of which no report was signed, by their names. The case
            is not called negative before each of them is, after its own signature as before it.
        refused: Films that the server refused although a DICOM node had taken them. They keep it from that, too.
        former: The last assessed analyses of images whose newest one has no result, by the id of that one. A suspicion
            among them counts until a newer analysis is assessed.
        comparison: The comparison of the films with those of earlier examinations.
        breasts: What a model read of the films of each breast together; without it, each film counts by itself.
        recent: Views that examinations shortly before have: their work-up does not lack them.
        awaited: Whether the films are still being read together; what that says may be more than each film does.
        failed: Whether they could not be read together.
    """
    together = read_together(numbered(sorted(images, key=_place)), breasts)
    images = together.images
    standing = [film for film in former.values() if film.assessment == "malignancy_suspected"]
    assessment = _assess([*images, *standing], together.breasts)
    if assessment == "no_sign_of_malignancy":
        assessment = _assess_unread([*unread.values()], refused)
    if assessment == "no_sign_of_malignancy":
        assessment = comparison.assess(images)
    awaited = awaited and assessment == "no_sign_of_malignancy"
    if awaited:
        assessment = None
    reasons = [*_reasons_before(unread), *_reasons_of_former(images, former), *comparison.reasons(images)]
    reasons.extend(_reasons(together))
    if refused:
        absent = numbered([*images, *refused])[len(images) :]  # none of them has the name of a film that is there
        reasons.append(Reason(code="film_refused", values={"images": [film.name for film in absent]}))
    if failed:
        reasons.append(Reason(code="joint_reading_failed"))
    if assessment == "not_sure" and not any(part.assessment == "not_sure" for part in (*images, *breasts)):
        reasons.append(Reason(code="not_called_negative"))  # what keeps it from that stands above
    if awaited:
        reasons.append(Reason(code="still_read_together"))
    carrying = [*standing, *unread.values()] if assessment != "no_sign_of_malignancy" else []
    missing = _missing_views(images, recent)
    return Conclusion(
        assessment=assessment,
        probability_malignant=_probability(together, carrying, assessment),
        reasons=reasons,
        missing_views=missing,
        suggestions=list(
            _suggestions(together, assessment, [*standing, *unread.values()], comparison, missing, awaited)
        ),
    )


def _place(image: ImageEvidence) -> int:
    """The place of an image in sentences: films as they hang, then the others in the order of the case."""
    return HANGINGS.index(image.hanging) if image.hanging else len(HANGINGS)


def _assess(images: Sequence[ImageEvidence], breasts: Sequence[BreastState]) -> Assessment | None:
    """Of the images and the breasts together; None if no image was assessed."""
    assessments: set[Assessment] = {part.assessment for part in (*images, *breasts) if part.assessment is not None}
    if not assessments:
        return None
    return combine(assessments, failed=bool(_in_state(images, "failed")), pending=bool(_in_state(images, "pending")))


def _assess_unread(before: Sequence[ImageEvidence], refused: Sequence[ImageEvidence]) -> Assessment | None:
    """Of a case whose own images show no sign: not sure beside unread films that do not show so either."""
    if _in_state(before, "pending"):
        return None
    cleared = all(film.assessment == "no_sign_of_malignancy" for film in before)
    return "no_sign_of_malignancy" if cleared and not refused else "not_sure"


def _probability(together: Together, further: Sequence[ImageEvidence], assessment: Assessment | None) -> float | None:
    """The highest of what carries the conclusion: breasts, images, unread films and former analyses.

    None if none of them has a number.
    """
    if assessment is None:
        return None
    parts = list(together.numbers)
    carrying = [number for said, number in parts if said == assessment]
    carrying += [
        image.probability_malignant for image in further if image.assessment in (assessment, "malignancy_suspected")
    ]
    return max((number for number in carrying or [n for _, n in parts] if number is not None), default=None)


def _reasons_before(unread: Mapping[str, ImageEvidence]) -> Iterator[Reason]:
    """What unread films of examinations shortly before say, each with its name."""
    before = unread.items()
    if suspected := [name for name, film in before if film.assessment == "malignancy_suspected"]:
        yield Reason(code="earlier_suspected", values={"images": suspected})
    if doubtful := [name for name, film in before if film.assessment == "not_sure" or film.state == "failed"]:
        yield Reason(code="earlier_in_doubt", values={"images": doubtful})
    if pending := [name for name, film in before if film.state == "pending"]:
        yield Reason(code="earlier_still_analysed", values={"images": pending})


def _reasons_of_former(images: Sequence[ImageEvidence], former: Mapping[str, ImageEvidence]) -> Iterator[Reason]:
    for image in images:
        found = former.get(image.job_id)
        if found is not None and found.assessment == "malignancy_suspected":
            yield Reason(code="suspected_before", job_id=image.job_id, values={"image": image.name})


def _reasons(together: Together) -> Iterator[Reason]:
    """Reasons for suspicion first, tissue before films; then doubt, images without a sign, and what is missing."""
    images = together.images
    films, tissue, others = _of(images, "film"), _of(images, "tissue"), _of(images, "image")
    yield from _suspected(tissue, "histology_malignant")
    yield from _suspected(films, "film_suspected")
    yield from _suspected(others, "image_suspected")
    yield from _two_views(films)
    yield from together.reasons_of_raised("malignancy_suspected")
    yield from _unsure(tissue, "histology_not_sure")
    yield from _unsure(films, "film_not_sure")
    yield from together.reasons_of_raised("not_sure")
    yield from _unsure(others, "image_not_sure")
    if _tissue_does_not_clear(films, tissue):
        yield Reason(code="histology_does_not_clear")
    yield from together.reasons_of_cleared()
    unsure = {name for names in together.cleared.values() for name in names}
    clear_films = [film for film in films if film.name not in unsure]
    for code, clear in (("films_no_sign", clear_films), ("images_no_sign", others), ("histology_no_sign", tissue)):
        if named := [image.name for image in clear if image.assessment == "no_sign_of_malignancy"]:
            yield Reason(code=code, values={"images": named})  # pyright: ignore[reportArgumentType]
    for image in _in_state(images, "failed"):
        yield Reason(code="not_assessed", job_id=image.job_id, values={"image": image.name})
    if pending := _in_state(images, "pending"):
        yield Reason(code="still_analysed", values={"images": [image.name for image in pending]})
    yield from (
        Reason(code="view_unknown", job_id=film.job_id, values={"image": film.name}) for film in _unplaced(images)
    )


def _suspected(images: Sequence[ImageEvidence], code: ReasonCode) -> Iterator[Reason]:
    for image in images:
        if image.assessment == "malignancy_suspected":
            yield Reason(code=code, job_id=image.job_id, values={"image": image.name})


def _unsure(images: Sequence[ImageEvidence], code: ReasonCode) -> Iterator[Reason]:
    """One reason for all images that are not sure."""
    unsure = [image for image in images if image.assessment == "not_sure"]
    if len(unsure) == 1:
        yield Reason(code=code, job_id=unsure[0].job_id, values={"image": unsure[0].name})
    elif unsure:
        yield Reason(code=code, values={"image": [image.name for image in unsure]})


def _two_views(films: Sequence[ImageEvidence]) -> Iterator[Reason]:
    """Compare the two views of each breast: is a suspicion seen in both?"""
    for side in _SIDES:
        of_side = [film for film in films if film.laterality == side and film.hanging]
        suspected = [film for film in of_side if film.assessment == "malignancy_suspected"]
        if len({film.view for film in suspected}) == 2:
            yield Reason(code="suspected_in_both_views", values={"side": side})
        elif suspected:
            most = max(suspected, key=_number)
            others = [film for film in of_side if film.view != most.view]
            if others and all(_shows_more(most, other) for other in others):
                values: dict[str, str | list[str]] = {
                    "side": side,
                    "image": most.name,
                    "other": max(others, key=_number).name,
                }
                yield Reason(code="suspected_in_one_view", values=values)


def _shows_more(film: ImageEvidence, other: ImageEvidence) -> bool:
    """Whether one film has a suspicious finding and the other has none, and their probabilities differ clearly."""
    only_here = _has_suspicious_finding(film) and not _has_suspicious_finding(other)
    return only_here and _number(film) - _number(other) >= MEANINGFUL_DIFFERENCE


def _has_suspicious_finding(film: ImageEvidence) -> bool:
    return film.finding_assessment in ("not_sure", "malignancy_suspected")


def _number(image: ImageEvidence) -> float:
    return image.probability_malignant or 0.0


def _tissue_does_not_clear(films: Sequence[ImageEvidence], tissue: Sequence[ImageEvidence]) -> bool:
    clear = bool(tissue) and all(image.assessment == "no_sign_of_malignancy" for image in tissue)
    return clear and any(film.assessment != "no_sign_of_malignancy" for film in films)


def _missing_views(images: Sequence[ImageEvidence], recent: Collection[Hanging | None]) -> list[Hanging]:
    """Views without a film. A film that failed counts as not assessed, not as missing."""
    films = _films(images)
    present = {film.hanging for film in films}.union(recent)
    return [hanging for hanging in HANGINGS if hanging not in present] if films else []


def _suggestions(
    together: Together,
    assessment: Assessment | None,
    further: Sequence[ImageEvidence],
    comparison: Comparison,
    missing: Sequence[Hanging],
    awaited: bool,
) -> Iterator[Suggestion]:
    """The suggested next steps; `further` are unread films and former analyses that still count."""
    images = together.images
    films, tissue = _of(images, "film"), _of(images, "tissue")
    if any(part.assessment == "malignancy_suspected" for part in [*images, *together.breasts, *further]):
        yield Suggestion(code="read_with_priority")
    if any(image.assessment == "not_sure" for image in tissue):
        yield Suggestion(code="more_tissue")
    tissue_is_malignant = any(image.assessment == "malignancy_suspected" for image in tissue)
    if films and tissue_is_malignant:
        yield Suggestion(code="disease_extent")
    worse = {name for _, names in comparison.worse(images) for name in names}
    raised = {breast.laterality for breast in together.raised}
    in_doubt = [
        film
        for film in films
        if film.assessment != "no_sign_of_malignancy" or film.name in worse or film.laterality in raised
    ]
    tissue_is_there = any(image.evidence == "tissue" for image in images)
    if in_doubt:
        # Further imaging comes before a biopsy. After a biopsy, the question is whether imaging and tissue agree.
        code = "correlate_with_tissue" if tissue_is_there else "further_imaging"
        yield Suggestion(code=code, values={"images": [film.name for film in in_doubt]})
    if any(_has_suspicious_finding(film) for film in in_doubt) and not tissue_is_there:
        yield Suggestion(code="histopathology")
    if _tissue_does_not_clear(films, tissue):
        yield Suggestion(code="check_biopsy_site")
    if assessment == "no_sign_of_malignancy":
        yield Suggestion(code="read_as_usual")
    if failed := _in_state(images, "failed"):
        yield Suggestion(code="repeat_failed", values={"images": [image.name for image in failed]})
    if missing:
        yield Suggestion(code="complete_views", values={"views": list(missing)})
    if any(_unplaced(images)):
        yield Suggestion(code="name_views")
    if _in_state(images, "pending") or awaited or comparison.state == "awaited":
        yield Suggestion(code="wait")


def _assessed(images: Sequence[ImageEvidence]) -> list[ImageEvidence]:
    return [image for image in images if image.state == "assessed"]


def _in_state(images: Sequence[ImageEvidence], state: str) -> list[ImageEvidence]:
    return [image for image in images if image.state == state]


def _of(images: Sequence[ImageEvidence], evidence: Evidence) -> list[ImageEvidence]:
    """The assessed images that are evidence of this kind."""
    return [image for image in _assessed(images) if image.evidence == evidence]


def _films(images: Sequence[ImageEvidence]) -> list[ImageEvidence]:
    return [image for image in images if image.evidence == "film"]


def _unplaced(images: Sequence[ImageEvidence]) -> list[ImageEvidence]:
    """Assessed films whose view or side is unknown. An image that could not be assessed may not be a film."""
    return [film for film in _films(images) if None in (film.view, film.laterality) and film.state != "failed"]
