"""The notes of a case's images, each once, with the numbers of its images."""

from collections.abc import Iterator, Sequence

from lobule.contracts.notices import TO_CHECK, Notice
from lobule.contracts.result import Result
from lobule.words import Words
from report.section import ImageSection


def notes_of(sections: Sequence[ImageSection], text: Words) -> tuple[str, ...]:
    """Each note once, after the numbers of its images in brackets unless it is about all of them.

    The list of the images states these numbers.

    Args:
        sections: Sections of all images of the report.
        text: Sentences of the report's language.
    """
    numbers: dict[str, list[str]] = {}
    for section in sections:
        for note in dict.fromkeys(section.notices):
            numbers.setdefault(note, []).append(str(section.number))
    join = text.marks.enumeration.join
    return tuple(
        note if len(about) == len(sections) else text("findings.of_image", image=f"[{join(about)}]", value=note)
        for note, about in numbers.items()
    )


def doubt_of(result: Result, text: Words) -> str:
    """What has to be checked on a film, in a few words for beside its name; empty if nothing."""
    codes = {notice.code for notice in result.notices}
    return " · ".join(text(f"doubts.{what}") for what, doubted in TO_CHECK.items() if codes & doubted)


def doubts_of(images: Sequence[tuple[str, Result]], text: Words) -> Iterator[str]:
    """What has to be checked on the films, such as their side; films with the same doubt are listed together.

    So are fields whose maps mark something, with the highest of their probabilities.
    """
    codes = frozenset[str]().union(*TO_CHECK.values())
    mapped = [notice for _, result in images for notice in result.notices if notice.code in TO_CHECK["map"]]
    highest = max(mapped, key=_percent_of, default=None)
    said: dict[str, list[str]] = {}
    for name, result in images:
        for notice in result.notices:
            if notice.code in codes:
                shown = highest if highest and notice.code == highest.code else notice
                said.setdefault(text.notice(shown), []).append(name)
    for words, names in said.items():
        yield text("findings.of_image", image=text.list(names), value=words)


def _percent_of(notice: Notice) -> int:
    digits = notice.values.get("percent", "").rstrip("%")
    return int(digits) if digits.isdecimal() else 0
