"""What the films of a breast say together, in words."""

from lobule.contracts.examination import BreastReading, BreastReason, LesionPlace
from lobule.words.words import Words


def breast_in_words(breast: BreastReading, words: Words) -> list[str]:
    """The suggested category, which always says that the reader decides, then every reason."""
    return [words(f"breast.bi_rads.{breast.bi_rads}"), *(reason_in_words(breast, r, words) for r in breast.reasons)]


def reason_in_words(breast: BreastReading, reason: BreastReason, words: Words) -> str:
    """A reason of a breast's number as a sentence."""
    values: dict[str, str] = {}
    if reason.lesion is not None:
        lesion = breast.lesions[reason.lesion]
        values |= {
            "place": place_in_words(lesion.place, words),
            "suspicion": words.percent(lesion.probability_malignant),
            "together": words.percent(lesion.same_lesion or 0.0),
        }
    if reason.view is not None:
        values["view"] = reason.view
    if reason.probability is not None:
        values["film"] = words.percent(reason.probability)
    if reason.probability is not None and breast.probability_malignant is not None:
        values["without"] = words.percent(reason.probability)
        values["number"] = words.percent(breast.probability_malignant)
    return words(f"breast.reason.{reason.code}", **values)


def place_in_words(place: LesionPlace | None, words: Words) -> str:
    """Where a lesion lies, as `outer, upper, 2 o'clock and middle third`."""
    if place is None:
        return words("breast.place.unknown")
    if place.retroareolar:
        return words("breast.place.retroareolar")
    parts = [words(f"breast.place.{part}") for part in (place.across, place.along) if part]
    if place.clock:
        parts.append(words("breast.place.hour", hour=place.clock))
    return words.list([*parts, words(f"breast.place.{place.depth}")])
