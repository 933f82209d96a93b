"""The rule without a model of the breast, from docs/case-assessment.md; it errs on the side of suspicion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lobule.assessments import combine
from lobule.contracts.notices import NOT_EVALUATED
from lobule.contracts.result import Assessment, Result


@dataclass(frozen=True)
class Verdict:
    """The verdict on a breast or on a case.

    Attributes:
        assessment: Assessment in three states.
        probability: Probability of malignancy; None if nothing was assessed.
        evaluated: Whether, for a film, it is of a kind that the model was evaluated on.
    """

    assessment: Assessment
    probability: float | None
    evaluated: bool = True

    def doubted(self) -> "Verdict":
        """The verdict beside something that prevents a negative assessment."""
        return replace(self, assessment="not_sure") if is_cleared(self) else self


def verdict_of(result: Result) -> Verdict:
    """The verdict on a film by itself; one of a kind that the model was not evaluated on is not called negative."""
    verdict = Verdict(result.assessment, result.probability_malignant, is_evaluated(result))
    return verdict if verdict.evaluated else verdict.doubted()


def is_evaluated(result: Result) -> bool:
    """Whether a film is of a kind that the model was evaluated on."""
    return not any(notice.code in NOT_EVALUATED for notice in result.notices)


def least_of(result: Result) -> Assessment:
    """The least assessment that a film by itself requires of its breast.

    A suspected film keeps its breast suspected. One of a kind that the model was not evaluated on, or that is not sure
    in spite of its number, keeps it from being called negative. A film that is not sure by its number alone requires
    nothing.
    """
    if not is_evaluated(result):
        return verdict_of(result).assessment
    by_number = result.thresholds.assess(result.probability_malignant)
    return "no_sign_of_malignancy" if result.assessment == by_number == "not_sure" else result.assessment


def is_cleared(verdict: Verdict) -> bool:
    """Whether a part shows no sign of malignancy."""
    return verdict.assessment == "no_sign_of_malignancy"


def by_rule(verdicts: Sequence[Verdict], failed: int) -> Verdict:
    """Combine several verdicts on films or on breasts into one.

    One suspected part makes the whole suspected, and a part that was not assessed prevents a negative verdict. The
    number is the highest among the parts that determine the assessment.

    Args:
        verdicts: Verdicts of the parts.
        failed: Number of parts that could not be assessed.
    """
    assessment = combine({verdict.assessment for verdict in verdicts}, failed=bool(failed) or not verdicts)
    assert assessment is not None, "nothing is awaited"
    known = [v for v in verdicts if v.probability is not None]
    carrying = [v for v in known if v.assessment == assessment] or known
    return Verdict(assessment, max((v.probability for v in carrying if v.probability is not None), default=None))
