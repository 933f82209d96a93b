"""The identity of a finding: its id within an analysis, and its index in the result, which identified it before."""

WHOLE_IMAGE = "image"
"""Instead of a finding's id: the image as a whole."""

FINDING_ID = r"[a-z][0-9]{1,4}"
"""`f1`, `f2` … for what a pipeline found.

It is unique among all findings of a job: job and id together identify a lesion permanently, wherever it is reviewed,
paired or exported.
"""


def finding_id(place: int) -> str:
    """The id of the finding at an index of its result, from 0, if the result states none.

    Results and reviews that were stored before findings had ids are read with these.
    """
    return f"f{place + 1}"


def reviewed_id(finding: str) -> str:
    """The id for what a review named before: a place in the result, or the image as a whole."""
    return finding_id(int(finding)) if finding.isdigit() else finding
