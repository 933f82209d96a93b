"""The thesis' five rules (tables 9 and 12).

The thesis does not define its rules; these interpretations fit its tables (`exist` has a sensitivity near one).
"""

import numpy as np

from histo_worker.evaluation.aggregation import RULES, Float


def _probability(logits: Float) -> Float:
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


@RULES.register("sum")
def by_sum(logits: Float) -> float:
    """The mean logit's probability; its sign is that of the sum, so certain patches outweigh uncertain ones."""
    return float(_probability(np.mean(logits, keepdims=True))[0])


@RULES.register("vote")
def by_vote(logits: Float) -> float:
    """The share of patches that are predicted as malignant."""
    return float(np.mean(logits >= 0))


@RULES.register("average")
def by_average(logits: Float) -> float:
    """The mean of the patches' probabilities."""
    return float(np.mean(_probability(logits)))


@RULES.register("exist")
def by_exist(logits: Float) -> float:
    """The highest probability: one malignant patch is enough."""
    return float(_probability(np.max(logits, keepdims=True))[0])


@RULES.register("exist3")
def by_exist3(logits: Float) -> float:
    """The third highest probability: three malignant patches are needed, or all if there are fewer."""
    third = np.sort(logits)[-min(3, len(logits))]
    return float(_probability(np.atleast_1d(third))[0])
