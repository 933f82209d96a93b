"""Readers' statements about a case, and the API's refusals."""

RECALL = {"breasts": {"right": {"bi_rads": 4, "density": "b", "recommendation": "biopsy"}}}
NO_RECALL = {"breasts": {"right": {"bi_rads": 2}}}
READERS = ("alice", "bob", "carol")


def problem(answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
