"""The combined reading of a breast's films in words."""

from lobule.contracts.examination import BreastReading, BreastReason, LesionPlace, Standing
from lobule.contracts.result import DensityCategory
from lobule.words.words import Words


def breast_in_words(breast: BreastReading, words: Words) -> list[str]:
    """The suggested category, which always says that the reader decides, the suggested density, then every reason.

    The meaning of the number in populations comes last.
    """
    density = [density_in_words(breast.density, words)] if breast.density else []
    reasons = [reason_in_words(breast, reason, words) for reason in breast.reasons]
    standings = [standing_in_words(standing, words) for standing in breast.standings]
    return [words(f"breast.bi_rads.{breast.bi_rads}"), *density, *reasons, *standings]


def standing_in_words(standing: Standing, words: Words) -> str:
    """The meaning of a number in a population as a sentence."""
    return words(
        f"breast.standing.{standing.population}",
        prevalence=f"{100 * standing.prevalence:.1f}%",
        percent=f"{100 * standing.probability_malignant:.1f}%",
        place=standing.place,
    )


def density_in_words(density: DensityCategory, words: Words) -> str:
    """A suggested density as a sentence."""
    return words("breast.density", letter=density, words=words(f"clinical.density.{density}"))


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
    """The place of a lesion, such as `outer, upper, 2 o'clock and middle third`."""
    if place is None:
        return words("breast.place.unknown")
    if place.retroareolar:
        return words("breast.place.retroareolar")
    parts = [words(f"breast.place.{part}") for part in (place.across, place.along) if part]
    if place.clock:
        parts.append(words("breast.place.hour", hour=place.clock))
    return words.list([*parts, words(f"breast.place.{place.depth}")])
