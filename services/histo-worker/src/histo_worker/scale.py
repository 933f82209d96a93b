"""Micrometres a pixel of a field, from the magnification."""

from lobule.contracts.result import Magnification

UM_OF_MAGNIFICATION: dict[Magnification, float] = {"40X": 1.2, "100X": 0.48, "200X": 0.24, "400X": 0.12}
"""Of the camera of BreakHis (Spanhol et al. 2016), as its nuclei show (docs/results/tissue-tried.md)."""
