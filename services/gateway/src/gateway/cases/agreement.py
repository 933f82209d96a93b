"""The rule by which two readers of a case agree, and what the report states where they do.

European screening guidelines have two people read each examination apart and a third one settle whether a woman is
recalled where they differ (Perry et al., European guidelines for quality assurance in breast cancer screening and
diagnosis, 4th edition, 2006). BI-RADS 0, 3, 4, 5 and 6 of a breast recall her, 1 and 2 do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.cases.models import Rule
from lobule.contracts.breasts import BiRads, BreastConclusion, BreastConclusions
from lobule.contracts.result import Assessment, Laterality

RECALLED = frozenset({0, 3, 4, 5, 6})
"""BI-RADS categories of which more is to be done than the next screening."""

_SEVERITY: tuple[BiRads, ...] = (1, 2, 3, 0, 4, 5, 6)
_SUSPICION: tuple[Assessment, ...] = ("no_sign_of_malignancy", "not_sure", "malignancy_suspected")
_SIDES: tuple[Laterality, ...] = ("R", "L")

Subject = Literal["recall", "bi_rads", "density", "recommendation", "conclusion"]


@dataclass(frozen=True)
class Stated:
    """What a reader states of a case: of its breasts, and of the case as a whole."""

    breasts: BreastConclusions
    conclusion: Assessment


@dataclass(frozen=True)
class Disagreement:
    """What two readers disagree on.

    Attributes:
        side: Of the breast; None where it is the conclusion about the case.
        subject: What of it.
    """

    side: Laterality | None
    subject: Subject


def recalls(breast: BreastConclusion | None) -> bool | None:
    """Whether a conclusion recalls the woman; None where the breast has none."""
    return None if breast is None else breast.bi_rads in RECALLED


def disagreements(one: Stated, other: Stated, rule: Rule) -> list[Disagreement]:
    """What a third person has to settle.

    Args:
        one: What a reader states.
        other: What the other one does.
        rule: `recall`: recall of a breast alone counts. `all`: category, density, recommendation and conclusion, too.
    """
    found = [Disagreement(side, subject) for side in _SIDES for subject in _differ(one, other, side, rule)]
    if rule == "all" and one.conclusion != other.conclusion:
        found.append(Disagreement(None, "conclusion"))
    return found


def _differ(one: Stated, other: Stated, side: Laterality, rule: Rule) -> Iterator[Subject]:
    first, second = (dict(each.breasts.stated).get(side) for each in (one, other))
    if recalls(first) != recalls(second):
        yield "recall"
    if rule == "recall" or first is None or second is None:
        return
    subjects: tuple[Literal["bi_rads", "density", "recommendation"], ...] = ("bi_rads", "density", "recommendation")
    for subject in subjects:
        if getattr(first, subject) != getattr(second, subject):
            yield subject


def combined(one: Stated, other: Stated) -> Stated:
    """What the report states of two readers who agree: of each breast, and of the case, the more suspicious of both."""
    first, second = dict(one.breasts.stated), dict(other.breasts.stated)
    right, left = (_combined(first.get(side), second.get(side)) for side in _SIDES)
    suspicion = max(_SUSPICION.index(each.conclusion) for each in (one, other))
    return Stated(BreastConclusions(right=right, left=left), _SUSPICION[suspicion])


def _combined(first: BreastConclusion | None, second: BreastConclusion | None) -> BreastConclusion | None:
    """The more suspicious conclusion, completed from the other one; the first reader's where they are equal."""
    if first is None or second is None:
        return first or second
    worse, other = (first, second) if _severity(first) >= _severity(second) else (second, first)
    return BreastConclusion(
        bi_rads=worse.bi_rads,
        density=worse.density or other.density,
        recommendation=worse.recommendation or other.recommendation,
    )


def _severity(breast: BreastConclusion) -> int:
    return _SEVERITY.index(breast.bi_rads)
