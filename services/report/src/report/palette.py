"""Colours of states and findings.

Near the set of Okabe and Ito (2008), told apart by every common kind of colour vision, and never
the only carrier of a meaning: words stand beside each.
"""

from collections.abc import Mapping
from typing import Literal

from lobule.contracts.result import Assessment

RGB = tuple[int, int, int]

INK: RGB = (18, 38, 52)
MUTED: RGB = (88, 104, 117)
LINE: RGB = (216, 223, 228)
PAPER: RGB = (255, 255, 255)
WASH: RGB = (243, 246, 248)

STATES: Mapping[Assessment, RGB] = {
    "malignancy_suspected": (196, 78, 0),
    "not_sure": (230, 184, 60),
    "no_sign_of_malignancy": (66, 133, 184),
}
FINDINGS: Mapping[Literal["benign", "malignant", "mass"], RGB] = {
    "malignant": (255, 140, 40),
    "benign": (86, 180, 233),
    "mass": (240, 228, 66),
}


def css(colour: RGB) -> str:
    """The colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
