"""Findings: their labels, and the identity of a finding.

A finding has an id within its analysis; before, its index in the result identified it.
"""

WHOLE_IMAGE = "image"
"""Stands for the image as a whole, instead of a finding's id."""

MASS_LABELS = frozenset({"mass", "benign", "malignant"})
"""Labels of findings that are masses."""

CALCIFICATION = "calcification"
"""Label of a cluster of calcifications."""

FINDING_ID = r"[a-z][0-9]{1,4}"
"""`f1`, `f2` … for the findings of a pipeline.

An id is unique among all findings of a job: job and id together identify a lesion permanently, wherever it is
reviewed, paired or exported.
"""


def finding_id(place: int) -> str:
    """The id of the finding at an index of its result, from 0, if the result contains no id.

    This applies to results and reviews that were stored before findings had ids.
    """
    return f"f{place + 1}"


def reviewed_id(finding: str) -> str:
    """The id for the reference of an older review: an index in the result, or the image as a whole."""
    return finding_id(int(finding)) if finding.isdigit() else finding
