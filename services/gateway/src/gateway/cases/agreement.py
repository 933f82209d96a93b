"""The rule by which two readers of a case agree, and what the report states where they do.

European screening guidelines have two people read each examination apart and a third one settle whether a woman is
recalled where they differ (Perry et al., European guidelines for quality assurance in breast cancer screening and
diagnosis, 4th edition, 2006). BI-RADS 0, 3, 4, 5 and 6 of a breast recall her, 1 and 2 do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from gateway.cases.models import Rule
from lobule.contracts.breasts import BiRads, BreastConclusion, BreastConclusions, Recommendation
from lobule.contracts.result import Assessment, Laterality

RECALLED = frozenset({0, 3, 4, 5, 6})
"""BI-RADS categories of which more is to be done than the next screening."""

_SEVERITY: tuple[BiRads, ...] = (1, 2, 3, 0, 4, 5, 6)
_REACH: tuple[Recommendation, ...] = get_args(Recommendation)
_LEAST: dict[BiRads, Recommendation] = {
    1: "routine_screening",
    2: "routine_screening",
    3: "short_follow_up",
    0: "further_imaging",
    4: "biopsy",
    5: "biopsy",
    6: "treatment",
}
"""The least that the BI-RADS Atlas recommends for each category."""
_SUSPICION: tuple[Assessment, ...] = ("no_sign_of_malignancy", "not_sure", "malignancy_suspected")
_SIDES: tuple[Laterality, ...] = ("R", "L")

Subject = Literal["recall", "bi_rads", "density", "recommendation", "conclusion"]


@dataclass(frozen=True)
class ReaderConclusions:
    """What a reader states of a case: of its breasts, and of the case as a whole.

    Attributes:
        breasts: None if no film has a known side.
        conclusion: About the case.
    """

    breasts: BreastConclusions | None
    conclusion: Assessment


@dataclass(frozen=True)
class Disagreement:
    """What two readers disagree on.

    Attributes:
        side: Side of the breast; None if they disagree on the conclusion about the case.
        subject: The statement on which they disagree.
    """

    side: Laterality | None
    subject: Subject


def recalls(breast: BreastConclusion | None) -> bool | None:
    """Whether a conclusion recalls the woman; None if the breast has none."""
    return None if breast is None else breast.bi_rads in RECALLED


def disagreements(one: ReaderConclusions, other: ReaderConclusions, rule: Rule) -> list[Disagreement]:
    """What a third person has to settle.

    Args:
        one: What a reader states.
        other: What the other one does.
        rule: `recall`: recall of a breast alone counts. `all`: category, density, recommendation and conclusion, too.
            Where nobody states a breast the conclusion counts under both.
    """
    found = [Disagreement(side, subject) for side in _SIDES for subject in _differ(one, other, side, rule)]
    whole = rule == "all" or (one.breasts is None and other.breasts is None)
    if whole and one.conclusion != other.conclusion:
        found.append(Disagreement(None, "conclusion"))
    return found


def _differ(one: ReaderConclusions, other: ReaderConclusions, side: Laterality, rule: Rule) -> Iterator[Subject]:
    first, second = (_breasts(each).get(side) for each in (one, other))
    if recalls(first) != recalls(second):
        yield "recall"
    if rule == "recall" or first is None or second is None:
        return
    subjects: tuple[Literal["bi_rads", "density", "recommendation"], ...] = ("bi_rads", "density", "recommendation")
    for subject in subjects:
        if getattr(first, subject) != getattr(second, subject):
            yield subject


def combined(one: ReaderConclusions, other: ReaderConclusions) -> ReaderConclusions:
    """What the report states of two readers who agree: of each breast, and of the case, the more suspicious of both."""
    first, second = _breasts(one), _breasts(other)
    right, left = (_combined(first.get(side), second.get(side)) for side in _SIDES)
    suspicion = max(_SUSPICION.index(each.conclusion) for each in (one, other))
    breasts = BreastConclusions(right=right, left=left) if right or left else None
    return ReaderConclusions(breasts, _SUSPICION[suspicion])


def _breasts(stated: ReaderConclusions) -> dict[Laterality, BreastConclusion]:
    return dict(stated.breasts.stated) if stated.breasts else {}


def _combined(first: BreastConclusion | None, second: BreastConclusion | None) -> BreastConclusion | None:
    """The more suspicious conclusion, completed from the other one; the first reader's where they are equal."""
    if first is None or second is None:
        return first or second
    worse, other = (first, second) if _severity(first) >= _severity(second) else (second, first)
    return BreastConclusion(
        bi_rads=worse.bi_rads,
        density=worse.density or other.density,
        recommendation=_recommended(worse, other),
    )


def _recommended(worse: BreastConclusion, other: BreastConclusion) -> Recommendation | None:
    """The more far-reaching recommendation.

    If the reader of the worse category gives none, the other one's is left out if it is less than that category asks
    for: what was recommended for a lesser one would contradict it.
    """
    stated = [each for each in (worse.recommendation, other.recommendation) if each]
    if worse.recommendation is None and worse.bi_rads != other.bi_rads:
        stated = [each for each in stated if _REACH.index(each) >= _REACH.index(_LEAST[worse.bi_rads])]
    reach = max((_REACH.index(each) for each in stated), default=None)
    return None if reach is None else _REACH[reach]


def _severity(breast: BreastConclusion) -> int:
    return _SEVERITY.index(breast.bi_rads)
