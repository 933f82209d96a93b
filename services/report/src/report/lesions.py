"""The findings of a case by lesion: a lesion that both views show has one number and one entry with both marks."""

import math
from collections.abc import Mapping, Sequence

from pydantic import Field

from lobule.contracts.case import Verdict
from lobule.contracts.result import Result
from lobule.words import Words
from report.changes import Change
from report.parts import Part
from report.section import FindingRow, ImageSection


class MarkIndex(Part):
    """A finding of a lesion, as indices into the document."""

    image: int = Field(description="of `images`")
    finding: int = Field(description="of the findings of that image")


class LesionEntry(Part):
    """A lesion in a report. Its marks with the same verdict form one entry, which has the comments on all of them."""

    number: int | None = Field(description="null for a mark of an earlier film without a match")
    title: str
    judged: Verdict | None
    is_prior: bool
    marks: tuple[MarkIndex, ...] = Field(description="CC before MLO")
    head: MarkIndex = Field(description="the more suspicious of them, whose figures are the lesion's")
    size: str = Field(description="of each mark, with its image if there are two")
    position: str = Field(description="like `size`")
    place: str = Field(description="place in the breast, with the distance of each mark from the nipple; else empty")
    change: Change | None = Field(description="since the earlier examination; null if nothing is known of it")
    comments: tuple[str, ...]


def lesion_entries(
    sections: Sequence[ImageSection],
    results: Sequence[Result],
    changes: Mapping[int, Change] | None,
    text: Words,
) -> tuple[LesionEntry, ...]:
    """The findings of all images by lesion, in the order of their numbers; a mark without a number is an entry alone.

    Args:
        sections: Sections of the images.
        results: Results of the same images.
        changes: Changes of the current examination's lesions, by the numbers that the findings of several films share;
            None if its films were not read together.
        text: Sentences of the report's language.
    """
    together: dict[tuple[int, float, int, Verdict | None], list[MarkIndex]] = {}
    for image, section in enumerate(sections):
        film = -1 if changes is not None and not section.is_prior else image
        for finding, row in enumerate(section.findings):
            mark = MarkIndex(image=image, finding=finding)
            alone = -1 if row.number else finding
            together.setdefault((film, row.number or math.inf, alone, row.judged), []).append(mark)
    return tuple(
        _entry(marks, sections, results, changes if film == -1 else None, text)
        for (film, *_), marks in sorted(together.items(), key=lambda one: one[0][:3])
    )


def with_lesion_states(sections: Sequence[ImageSection], lesions: Sequence[LesionEntry]) -> tuple[ImageSection, ...]:
    """The sections of all images, in which the marks of a lesion have the state of the most suspicious of them."""
    states = {
        (mark.image, mark.finding): sections[lesion.head.image].findings[lesion.head.finding].state
        for lesion in lesions
        for mark in lesion.marks
    }
    return tuple(
        section.model_copy(
            update={
                "findings": tuple(
                    row.model_copy(update={"lesion_state": states[image, finding]})
                    for finding, row in enumerate(section.findings)
                )
            }
        )
        for image, section in enumerate(sections)
    )


def finding_title(number: int | None, image: str, text: Words) -> str:
    """The title of a finding: with its number, or as a mark of an earlier film, which has none."""
    if number is None:
        return text("findings.unnumbered", image=image)
    return text("findings.in_image", number=number, image=image)


def _entry(
    marks: Sequence[MarkIndex],
    sections: Sequence[ImageSection],
    results: Sequence[Result],
    changes: Mapping[int, Change] | None,
    text: Words,
) -> LesionEntry:
    def row(mark: MarkIndex) -> FindingRow:
        return sections[mark.image].findings[mark.finding]

    def suspicion(mark: MarkIndex) -> float:
        return results[mark.image].findings[row(mark).index].probability_malignant or 0.0

    head = max(marks, key=suspicion)
    number = row(head).number
    names = [sections[mark.image].name for mark in marks]

    def of_each(values: Sequence[str]) -> str:
        if len(values) == 1:
            return values[0]
        pairs = zip(names, values, strict=True)
        return text.list([text("findings.of_image", image=name, value=value) for name, value in pairs if value])

    far = of_each([row(mark).from_nipple for mark in marks])

    return LesionEntry(
        number=number,
        title=finding_title(number, text.list(names), text),
        judged=row(head).judged,
        is_prior=sections[head.image].is_prior,
        marks=tuple(marks),
        head=head,
        size=of_each([row(mark).size for mark in marks]),
        position=of_each([row(mark).position for mark in marks]),
        place=text.marks.semicolon.join(part for part in (row(head).place, far) if part) if row(head).place else "",
        change=(changes or {}).get(number) if number else None,
        comments=tuple(dict.fromkeys(row(mark).comment for mark in marks if row(mark).comment)),
    )
