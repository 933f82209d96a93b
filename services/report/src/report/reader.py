"""The findings of readers, in words and as shapes to draw; they are never mixed with those of the system."""

from collections.abc import Mapping

import numpy as np

from lobule.contracts.case import CaseContent, CaseImage
from lobule.contracts.reader import FindingReference, ReaderFinding
from lobule.contracts.result import Finding, Result
from lobule.numbering import Numbers
from lobule.places import Places
from lobule.words import Words
from report.lesions import finding_title
from report.parts import Part
from report.section import moment, side_and_place
from report.sizes import from_nipple_words, position_on, position_words, size_on, size_words

_CORNERS = 64  # of the polygon that an ellipse is drawn as


class ReaderRow(Part):
    """A finding of a reader in words.

    Attributes:
        letter: Letter of the finding; the system's findings have numbers.
        kind: Kind of the finding, in words.
        position: Position of its centre.
        place: Place in the breast, with its distance from the nipple; empty if it is not known.
        size: Size of its box.
        by: Who drew the finding, and when.
        corrects: The system's finding whose outline it corrects, in words; empty for none, or one of an earlier
            analysis.
        comment: Comment of the reader.
        finding: The finding as it was drawn.
    """

    letter: str
    kind: str
    position: str
    place: str
    size: str
    by: str
    corrects: str
    comment: str
    finding: ReaderFinding


def reader_rows(
    image: CaseImage, result: Result | None, numbers: Numbers, places: Places, text: Words
) -> tuple[ReaderRow, ...]:
    """The findings that readers drew on an image, by letter.

    Args:
        image: An image of the case.
        result: Result of the image; None if it was not assessed.
        numbers: Numbers of the system's findings.
        places: Places of drawn findings, as `lobule.places` finds them.
        text: Sentences of the report's language.
    """
    return tuple(_row(finding, image, result, numbers, places, text) for finding in image.reader_findings)


def _row(
    finding: ReaderFinding, image: CaseImage, result: Result | None, numbers: Numbers, places: Places, text: Words
) -> ReaderRow:
    box, corrects = finding.box, finding.corrects
    # each analysis counts its findings anew: the same id in another one is another finding
    here = corrects is not None and corrects.job_id == image.job_id
    number = _number(corrects, result, numbers) if corrects and here and result else None
    return ReaderRow(
        letter=finding.letter,
        kind=text(f"clinical.kind.{finding.kind}"),
        position=position_on(box, result, text) if result else position_words(box, image.image, text),
        place=_place(finding, image, result, places, text),
        size=size_on(box, result, text) if result else size_words(box, image.image, text),
        by=text("review.own.by", who=finding.author, when=moment(finding.drawn_at, text)),
        corrects="" if number is None else text("review.own.corrects", number=number),
        comment=finding.comment,
        finding=finding,
    )


def _place(finding: ReaderFinding, image: CaseImage, result: Result | None, places: Places, text: Words) -> str:
    place, far = places.get(finding.id, (None, None))
    if result is None or not (said := side_and_place(place, image.image, text)):
        return ""
    return text.marks.semicolon.join(part for part in (said, from_nipple_words(far, result.image, text)) if part)


def same_lesions(
    content: CaseContent, results: Mapping[str, Result], names: Mapping[str, str], numbers: Numbers, text: Words
) -> tuple[str, ...]:
    """Which findings readers take for the same lesion, each pair as a sentence.

    Args:
        content: Content of the case.
        results: Results of its analyses, by their ids.
        names: Names of the images, by the ids of their analyses.
        numbers: Numbers of the system's findings.
        text: Sentences of the report's language.
    """

    def called(named: FindingReference) -> str | None:
        if named.job_id is not None:
            result = results.get(named.job_id)
            if result is None or result.place_of(named.finding_id) is None:
                return None
            return finding_title(_number(named, result, numbers), names[named.job_id], text)
        drawn = next(((image, f) for image, f in _drawn(content) if f.id == named.finding_id), None)
        return text("review.own.in_image", letter=drawn[1].letter, image=names[drawn[0].job_id]) if drawn else None

    pairs = [(called(mark.one), called(mark.other), mark.author) for mark in content.same_lesions]
    return tuple(text("review.same", one=one, other=other, who=who) for one, other, who in pairs if one and other)


def _number(named: FindingReference, result: Result, numbers: Numbers) -> int | None:
    """The number of a finding of the system; None if it has none, or the analysis has none of its name."""
    place = result.place_of(named.finding_id)
    if place is None:
        return None
    of_film = numbers.get(named.job_id or "")
    return place + 1 if of_film is None else of_film.get(result.findings[place].id)


def _drawn(content: CaseContent) -> list[tuple[CaseImage, ReaderFinding]]:
    return [(image, finding) for image in content.images for finding in image.reader_findings]


def as_shape(finding: ReaderFinding) -> Finding:
    """A reader's finding as a shape to draw: a box, or a closed polygon."""
    box, outline = finding.box, finding.outline
    if finding.shape == "ellipse":
        angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
        across = box.x + box.width / 2 * (1 + np.cos(angles)) - 0.5
        down = box.y + box.height / 2 * (1 + np.sin(angles)) - 0.5
        outline = [(float(x), float(y)) for x, y in zip(across, down, strict=True)]
    return Finding(label="drawn", probability=1.0, box=box, outline=outline)
