"""The two kinds of region."""

from typing import Literal

Kind = Literal["mass", "calcification"]
KINDS: tuple[Kind, ...] = ("mass", "calcification")
