"""The opinion of a region that a reader drew, in words."""

from lobule.contracts.region import RegionOpinion
from lobule.words.words import Words


def opinion_in_words(opinion: RegionOpinion, words: Words) -> list[str]:
    """The opinion as sentences, or the reason why there is none; its basis comes last."""
    scale = f"{opinion.mm_per_pixel:.2g}"
    assumed = [words("region.scale_assumed", scale=scale)] if opinion.scale_assumed else []
    if opinion.kind is None or opinion.probability_malignant is None or opinion.assessment is None:
        coarsest = f"{opinion.coarsest_mm_per_pixel:.2g}"
        return [words(f"region.outcome.{opinion.outcome}", scale=scale, coarsest=coarsest), *assumed]
    return [
        words(
            "region.suspicion",
            percent=words.percent(opinion.probability_malignant),
            assessment=words(f"common.assessment.{opinion.assessment}"),
        ),
        words(f"region.kind.{opinion.kind}", percent=words.percent(opinion.probability_kind or 0.0)),
        words("region.limits"),
        *assumed,
    ]
