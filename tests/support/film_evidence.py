"""The evidence of a film for the rule that concludes on a case."""

from typing import get_args

from lobule.contracts.case import ImageEvidence
from lobule.contracts.result import Assessment

SUSPECTED, UNSURE, CLEAR = get_args(Assessment)
PROBABILITY = {SUSPECTED: 0.9, UNSURE: 0.5, CLEAR: 0.1}


def film(said: str, hanging: str = "RCC", number: int = 0) -> ImageEvidence:
    """A film that was assessed as said, or failed or is pending."""
    assessed = said in PROBABILITY
    return ImageEvidence(
        job_id=f"job-{number}",
        file_name=f"{number}.png",
        modality="mammography",
        evidence="film",
        laterality=hanging[0],
        view=hanging[1:],
        state="assessed" if assessed else said,
        assessment=said if assessed else None,
        probability_malignant=PROBABILITY.get(said),
    )
