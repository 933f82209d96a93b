"""Lookup tables of a sender's display (DICOM PS3.3, C.11.2), as presentation states repeat them."""

from typing import Any

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset

_FEWEST_BITS, _MOST_BITS = 8, 16


def voi_lut(item: Dataset) -> hd.VOILUT | None:
    """An item of a VOI LUT Sequence, without what it lacks; None if it cannot be repeated.

    highdicom's own copy writes tables of 10 to 15 bits as if they had 16, so that films would be shown too dark.
    """
    try:
        entries, first, bits = (int(value) for value in item.LUTDescriptor)
        table = _values(item.LUTData)
        if table.size != (entries or 2**16) or not _FEWEST_BITS <= bits <= _MOST_BITS or int(table.max()) >= 2**bits:
            return None
        repeated = hd.VOILUT(first, table)
        repeated.LUTDescriptor = [entries, first, bits]
    except Exception:  # noqa: BLE001 - pydicom and highdicom raise whatever a damaged value leads to
        return None
    return repeated


def _values(data: Any) -> np.ndarray:
    if isinstance(data, bytes):
        return np.frombuffer(data, "<u2").astype(np.uint16)
    return np.asarray(data, np.uint16)
