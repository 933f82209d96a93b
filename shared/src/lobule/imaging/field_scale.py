"""Micrometres a pixel of a field, as its TIFF file states it."""

import io
import re

from lobule.contracts.modality import COARSEST_UM, FINEST_UM
from lobule.errors import AnalysisError
from lobule.imaging.tiff_directory import SIGNATURES, Directory
from lobule.imaging.tiff_header import read_tiff

_SCANNERS = (3200, 4000, 4800, 5400, 6400, 7200, 9600, 12800, 19200)
"""Dots an inch of scanners of paper and slides that are within these bounds; no microscope's."""
_ANISOTROPY = 1.02  # at most, of a microscope's pixels
_ROUNDED = 5e-4  # a scanner's dots, where they are stated by the centimetre
_DESCRIPTION, _ACROSS, _DOWN, _UNIT = 270, 282, 283, 296
_UM_OF_UNIT = {2: 25_400.0, 3: 10_000.0}  # inch and centimetre
_MPP = re.compile(r"\bMPP\s*=\s*(\d{1,3}\.\d{1,9})\b")  # Aperio's description
_LONGEST_DESCRIPTION = 4096


def scale_in_file(data: bytes) -> float | None:
    """Micrometres a pixel that a field's file states: Aperio's MPP, else the resolution of a TIFF.

    Args:
        data: The whole file, one that can be read.

    Returns:
        None if it states none, states another along the rows than along the columns, or one of no microscope.
    """
    if data[:4] not in SIGNATURES:
        return None
    try:
        page = read_tiff(io.BytesIO(data)).directory
        said = stated_scale(page)
        scale = float(said) if said else _by_resolution(page)
    except AnalysisError:  # a damaged tag that no pixel needs
        return None
    return scale if scale is not None and FINEST_UM <= scale <= COARSEST_UM else None


def stated_scale(page: Directory) -> str:
    """The number of micrometres that an Aperio's description states, as it is written; empty if it states none."""
    said = _MPP.search(page.text(_DESCRIPTION, _LONGEST_DESCRIPTION))
    return said[1] if said else ""


def _by_resolution(page: Directory) -> float | None:
    across, down, unit = page.ratio(_ACROSS), page.ratio(_DOWN), _UM_OF_UNIT.get(page.number(_UNIT, 2))
    if not across or not down or unit is None or max(across, down) > _ANISOTROPY * min(across, down):
        return None
    dots = _UM_OF_UNIT[2] * across / unit
    return None if any(abs(dots - each) < _ROUNDED * each for each in _SCANNERS) else unit / across
