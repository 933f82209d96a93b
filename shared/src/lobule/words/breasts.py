"""The combined reading of a breast's films in words."""

from collections.abc import Iterator, Sequence

from lobule.contracts.examination import BreastReading, BreastReason, LesionPlace, Standing, numbered_lesions
from lobule.contracts.result import DensityCategory
from lobule.words.words import Words


def breasts_in_words(breasts: Sequence[BreastReading], words: Words) -> list[list[str]]:
    """The sentences about each breast of an examination, right before left.

    The suggested category comes first and always says that the reader decides; then the suggested density, every
    reason, which names a lesion by its number in the examination, and the meaning of the number in populations.
    """
    ranked = [id(lesion) for lesion in numbered_lesions(breasts)]  # equal lesions of two breasts have two numbers
    return [
        _of_breast(breast, [ranked.index(id(lesion)) + 1 for lesion in breast.lesions], words) for breast in breasts
    ]


def _of_breast(breast: BreastReading, numbers: Sequence[int], words: Words) -> list[str]:
    density = [density_in_words(breast.density, words)] if breast.density else []
    reasons = [_in_words(breast, numbers, alike, words) for alike in _alike(breast.reasons)]
    if above := finding_above(breast, words):
        reasons.append(words("breast.finding_above", **above))
    standings = [standing_in_words(standing, words) for standing in breast.standings]
    consequences = [words(f"breast.{key}") for key in _consequences(breast)]
    return [words(f"breast.bi_rads.{breast.bi_rads}"), *density, *reasons, *consequences, *standings]


def finding_above(breast: BreastReading, words: Words) -> dict[str, str]:
    """The numbers of a finding and of its breast, if the finding's is the larger one, which has to be explained.

    A finding is at most as suspicious as the film that shows it; the number of the breast is that of all its films.
    """
    number = breast.probability_malignant
    highest = max((lesion.probability_malignant for lesion in breast.lesions), default=0.0)
    if number is None or highest <= number:
        return {}
    finding, whole = words.percent(highest), words.percent(number)
    return {} if finding == whole else {"finding": finding, "breast": whole}


def _alike(reasons: Sequence[BreastReason]) -> list[list[BreastReason]]:
    """The reasons in their order; those that differ in nothing but a film's number are one sentence."""
    grouped: dict[tuple[object, ...], list[BreastReason]] = {}
    for reason in reasons:
        grouped.setdefault((reason.code, reason.lesion, reason.view), []).append(reason)
    return list(grouped.values())


def _consequences(breast: BreastReading) -> Iterator[str]:
    """What follows from the reasons, told only beside the assessment that it explains."""
    not_evaluated = any(reason.code == "not_evaluated" for reason in breast.reasons)
    if breast.assessment == "not_sure" and (breast.doubts or not_evaluated):
        yield "not_called_negative"
    if breast.assessment == "no_sign_of_malignancy" and not_evaluated:  # in readings of earlier versions
        yield "not_evaluated"


def standing_in_words(standing: Standing, words: Words) -> str:
    """The meaning of a number in a population as a sentence."""
    return words(
        f"breast.standing.{standing.population}",
        prevalence=words.percent(standing.prevalence),
        percent=words.percent(standing.probability_malignant),
        place=standing.place,
    )


def density_in_words(density: DensityCategory, words: Words) -> str:
    """A suggested density as a sentence."""
    return words("breast.density", letter=density, words=words(f"clinical.density.{density}"))


def _in_words(breast: BreastReading, numbers: Sequence[int], alike: Sequence[BreastReason], words: Words) -> str:
    """Reasons of a breast's number that differ in a probability alone, as a sentence."""
    reason = alike[0]
    values: dict[str, object] = {"view": reason.view}
    if reason.lesion is not None:
        lesion = breast.lesions[reason.lesion]
        values |= {
            "number": numbers[reason.lesion],
            "place": place_in_words(lesion.place, words),
            "suspicion": words.percent(lesion.probability_malignant),
            "together": words.percent(lesion.same_lesion or 0.0),
        }
    if reason.probability is not None:
        values["film"] = [words.percent(each.probability) for each in alike if each.probability is not None]
        values["without"] = words.percent(reason.probability)
    if breast.probability_malignant is not None:
        values.setdefault("number", words.percent(breast.probability_malignant))
    return words(f"breast.reason.{reason.code}", **values)


def place_in_words(place: LesionPlace | None, words: Words) -> str:
    """The place of a lesion, such as `outer, upper, 2 o'clock and middle third`."""
    if place is None:
        return words("breast.place.unknown")
    if place.retroareolar:
        return words("breast.place.retroareolar")
    parts = [words(f"breast.place.{part}") for part in (place.across, place.along) if part]
    if place.clock:
        parts.append(words("breast.place.hour", hour=place.clock))
    return words.list([*parts, words(f"breast.place.{place.depth}")])
