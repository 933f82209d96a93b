"""What readers state of a case, and what the API answers where it refuses something."""

RECALL = {"breasts": {"right": {"bi_rads": 4, "density": "b", "recommendation": "biopsy"}}}
NO_RECALL = {"breasts": {"right": {"bi_rads": 2}}}
READERS = ("alice", "bob", "carol")


def problem(answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
