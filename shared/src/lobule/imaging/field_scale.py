"""The micrometres per pixel that a field's TIFF file states."""

import io
import re

from lobule.contracts.modality import COARSEST_UM, FINEST_UM
from lobule.errors import AnalysisError
from lobule.imaging.tiff_directory import SIGNATURES, Directory
from lobule.imaging.tiff_header import read_tiff

_SCANNERS = (3200, 4000, 4800, 5400, 6400, 7200, 9600, 12800, 19200)
"""Dots per inch of scanners for paper and slides; a resolution within these limits is not a microscope's."""
_ANISOTROPY = 1.02  # largest ratio of the sides of a microscope's pixels
_ROUNDED = 5e-4  # tolerance for a scanner's resolution that is stated per centimetre
_DESCRIPTION, _ACROSS, _DOWN, _UNIT = 270, 282, 283, 296
_UM_OF_UNIT = {2: 25_400.0, 3: 10_000.0}  # inch and centimetre
_MPP = re.compile(r"\bMPP\s*=\s*(\d{1,3}\.\d{1,9})\b")  # Aperio's description
_LONGEST_DESCRIPTION = 4096


def scale_in_file(data: bytes) -> float | None:
    """The micrometres per pixel that a field's file states: Aperio's MPP, otherwise the resolution of a TIFF.

    Args:
        data: The whole file, which must be readable.

    Returns:
        None if it states none, states different ones for rows and columns, or one that is not a microscope's.
    """
    if data[:4] not in SIGNATURES:
        return None
    try:
        page = read_tiff(io.BytesIO(data)).directory
        stated = stated_scale(page)
        scale = float(stated) if stated else _by_resolution(page)
    except AnalysisError:  # a damaged tag that decoding does not need
        return None
    return scale if scale is not None and FINEST_UM <= scale <= COARSEST_UM else None


def stated_scale(page: Directory) -> str:
    """The micrometres per pixel in an Aperio description, as text; empty if it states none."""
    stated = _MPP.search(page.text(_DESCRIPTION, _LONGEST_DESCRIPTION))
    return stated[1] if stated else ""


def _by_resolution(page: Directory) -> float | None:
    across, down, unit = page.ratio(_ACROSS), page.ratio(_DOWN), _UM_OF_UNIT.get(page.number(_UNIT, 2))
    if not across or not down or unit is None or max(across, down) > _ANISOTROPY * min(across, down):
        return None
    dots = _UM_OF_UNIT[2] * across / unit
    return None if any(abs(dots - each) < _ROUNDED * each for each in _SCANNERS) else unit / across
