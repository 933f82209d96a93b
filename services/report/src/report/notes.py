"""The notes of a case's images: what the system said of several images stands once, with their numbers."""

from collections.abc import Sequence

from lobule.words import Words
from report.section import ImageSection


def notes_of(sections: Sequence[ImageSection], text: Words) -> tuple[str, ...]:
    """Each note once, after the numbers of its images unless it is about all of them.

    Args:
        sections: Of all images of the report.
        text: The sentences of the language to write in.
    """
    comma = "、" if text.language == "zh" else ", "
    numbers: dict[str, list[str]] = {}
    for section in sections:
        for note in dict.fromkeys(section.notices):
            numbers.setdefault(note, []).append(str(section.number))
    return tuple(
        note if len(about) == len(sections) else text("findings.of_image", image=comma.join(about), value=note)
        for note, about in numbers.items()
    )
