"""The rule for films without a model of the breast, as docs/case-assessment.md has it: it errs towards suspicion."""

from collections.abc import Sequence
from dataclasses import dataclass

from lobule.assessments import combine
from lobule.contracts.result import Assessment


@dataclass(frozen=True)
class Verdict:
    """What is said of a breast or of a case.

    Attributes:
        assessment: In three states.
        probability: Of malignancy; None where nothing was assessed.
    """

    assessment: Assessment
    probability: float | None


def is_cleared(said: Verdict) -> bool:
    """Whether a part shows no sign of malignancy."""
    return said.assessment == "no_sign_of_malignancy"


def by_rule(said: Sequence[Verdict], failed: int) -> Verdict:
    """One verdict of several, of films or of breasts.

    One suspected part makes the whole suspected; whatever was not assessed keeps it from being called negative. The
    number is the highest among the parts that carry the assessment.

    Args:
        said: What each part says.
        failed: Parts that could not be assessed.
    """
    assessment = combine({verdict.assessment for verdict in said}, failed=bool(failed) or not said)
    assert assessment is not None, "nothing is awaited"
    known = [v for v in said if v.probability is not None]
    carrying = [v for v in known if v.assessment == assessment] or known
    return Verdict(assessment, max((v.probability for v in carrying if v.probability is not None), default=None))
