"""The thesis' five rules (tables 9 and 12).

The thesis names its rules without defining them; these are the readings that fit its tables (`exist` has a
sensitivity near one).
"""

import numpy as np

from histo_worker.evaluation.aggregation import RULES, Float


def _probability(logits: Float) -> Float:
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


@RULES.register("sum")
def by_sum(logits: Float) -> float:
    """The sign of the summed logits: sure patches outweigh unsure ones. The score is the mean logit's probability."""
    return float(_probability(np.mean(logits, keepdims=True))[0])


@RULES.register("vote")
def by_vote(logits: Float) -> float:
    """The share of patches that are called malignant."""
    return float(np.mean(logits >= 0))


@RULES.register("average")
def by_average(logits: Float) -> float:
    """The mean of the patches' probabilities."""
    return float(np.mean(_probability(logits)))


@RULES.register("exist")
def by_exist(logits: Float) -> float:
    """One malignant patch is enough: the highest probability."""
    return float(_probability(np.max(logits, keepdims=True))[0])


@RULES.register("exist3")
def by_exist3(logits: Float) -> float:
    """Three malignant patches are needed (all, where there are fewer): the third highest probability."""
    third = np.sort(logits)[-min(3, len(logits))]
    return float(_probability(np.atleast_1d(third))[0])
