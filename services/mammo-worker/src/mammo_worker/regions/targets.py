"""The targets of the region classifier: malignancy by kind, and the readers' descriptions in CBIS-DDSM.

Every target is a separate probability. Targets that the public tables contain for one kind only (the margins of a mass,
the distribution of calcifications) have no weight for the other kind; the auxiliary targets share weight by group, so
that a long list does not outweigh the main question.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mammo_worker.regions.names import Kind

CALCIFICATION = "calcification"
MALIGNANT = {"mass": "malignant mass", "calcification": "malignant calcification"}

_SHAPES = ("IRREGULAR", "OVAL", "LOBULATED", "ROUND", "ARCHITECTURAL_DISTORTION")
_MARGINS = ("CIRCUMSCRIBED", "SPICULATED", "ILL_DEFINED", "OBSCURED", "MICROLOBULATED")
_TYPES = (
    "PLEOMORPHIC",
    "AMORPHOUS",
    "PUNCTATE",
    "LUCENT_CENTER",
    "VASCULAR",
    "FINE_LINEAR_BRANCHING",
    "COARSE",
    "ROUND_AND_REGULAR",
)
_DISTRIBUTIONS = ("CLUSTERED", "SEGMENTAL", "REGIONAL", "LINEAR", "DIFFUSELY_SCATTERED")
"""Columns of the official tables, with the words that become targets."""
GROUPS: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "mass shape": ("mass", _SHAPES),
    "mass margins": ("mass", _MARGINS),
    "calc type": ("calcification", _TYPES),
    "calc distribution": ("calcification", _DISTRIBUTIONS),
}
ASSESSMENTS = {"BI-RADS 4 or 5": 4, "BI-RADS 5": 5}
CALLED_BACK = "called back"

NAMES: tuple[str, ...] = (
    CALCIFICATION,
    *MALIGNANT.values(),
    *ASSESSMENTS,
    CALLED_BACK,
    *(f"{group}: {word}" for group, (_, words) in GROUPS.items() for word in words),
)
_WEIGHT_KIND, _WEIGHT_ASSESSMENT, _WEIGHT_CALLED_BACK, _WEIGHT_GROUP = 0.2, 0.25, 0.15, 0.4


def encode(
    kind: Kind, malignant: bool, description: Mapping[str, str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Encode targets (len(NAMES),) and their weights.

    Args:
        kind: Mass or calcification.
        malignant: Whether it is malignant by pathology.
        description: The lesion's row of the official table.
    """
    targets, weights = np.zeros(len(NAMES), np.float32), np.zeros(len(NAMES), np.float32)

    def put(name: str, value: bool, weight: float) -> None:
        targets[NAMES.index(name)], weights[NAMES.index(name)] = value, weight

    put(CALCIFICATION, kind == "calcification", _WEIGHT_KIND)
    put(MALIGNANT[kind], malignant, 1.0)
    put(CALLED_BACK, description["pathology"] != "BENIGN_WITHOUT_CALLBACK", _WEIGHT_CALLED_BACK)
    assessment = int(description["assessment"])
    if assessment > 0:  # 0 is "needs additional imaging", which is independent of suspicion
        for name, least in ASSESSMENTS.items():
            put(name, assessment >= least, _WEIGHT_ASSESSMENT)
    for group, (of, words) in GROUPS.items():
        # The tables use both LUCENT_CENTERED and LUCENT_CENTER.
        written = description.get(group, "").replace("CENTERED", "CENTER").split("-")
        if of == kind and any(word in words for word in written):
            for word in words:
                put(f"{group}: {word}", word in written, _WEIGHT_GROUP / len(words))
    return targets, weights


def malignancy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability of malignancy of a region of either kind: from (N, len(NAMES)) to (N,)."""
    p = np.asarray(probabilities, np.float64)
    calcification = p[:, NAMES.index(CALCIFICATION)]
    mass, calc = (p[:, NAMES.index(MALIGNANT[kind])] for kind in ("mass", "calcification"))
    return calcification * calc + (1 - calcification) * mass
