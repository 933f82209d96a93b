"""Detects films that show a part of a breast, such as scans that stopped half way.

A breast narrows towards the upper and lower edge of a film, or ends before them; only on oblique films, axilla and
muscle fill the upper edge. `bench/mammo_cut_off.py` counts whole films and halves for which that does not hold.
"""

import numpy as np

from mammo_worker.films.breast import Breast

_WIDE = 0.9  # share of the largest width; 99 % of whole films are narrower at their lower edge
_END = 0.02  # share of the height that counts as an edge


def is_cut_off(breast: Breast, view: str | None) -> bool:
    """Whether a breast is as wide at the edge of its film as anywhere.

    Args:
        breast: The breast on the film as it hangs, with the feet below.
        view: The view; other views than CC and MLO may show a part of the breast.
    """
    if view not in ("CC", "MLO", None) or not breast.mask.any():
        return False
    widths = breast.mask.sum(axis=1)
    end = max(2, round(_END * len(widths)))
    edges = [widths[-end:]] if view != "CC" else [widths[:end], widths[-end:]]
    return bool(np.max(edges) > _WIDE * widths.max())
