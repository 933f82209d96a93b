"""The tissue part of a result: measurements, map, and the effect of unusual tissue on the assessment."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.glass import is_glass
from histo_worker.scale import Scale
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL
from histo_worker.tissue.out_of_distribution import FAR
from histo_worker.tissue.reader import TissueReader, TissueReading
from histo_worker.tissue.windows import share_read
from lobule.contracts.models import ModelManifest
from lobule.contracts.notices import Notice
from lobule.contracts.result import Assessment, HeatMap, Thresholds
from lobule.contracts.tissue import Tissue, TissueRegion
from lobule.words import make_notice

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

MAPPED_UM = 400.0
"""A field with a shorter smallest side has too few squares for a map or for regions."""
LEAST_READ_UM = SIDE * UM_PER_PIXEL / 2
"""The network was neither trained nor measured on smaller fields, such as those of BreakHis at 400X."""
MOST_REGIONS = 5
_DOUBTED = 0.9  # from this share on the "not sure" band grows, until it covers everything at FAR

MAP_METHOD = (
    "Probability of invasive carcinoma on squares of {0} micrometres, by a network that learned from patches of IDC "
    "and fields of BreakHis. On patients that were left out: AUC {1} ({2} to {3}) by patch of IDC."
)
MAP_MEANING = (
    "Bright regions probably hold invasive carcinoma; glass and fat stay clear. The map is coarse, does not outline a "
    "tumour, does not mark in-situ carcinoma, and often marks benign proliferation. Trained on one laboratory and "
    "tested on another it was hardly better than chance (AUC {0} and {1}), so do not rely on it for sections of your "
    "own."
)

_ACROSS = "0.53", "0.62"  # on IDC, and on BreakHis at 100X: docs/results/tissue-tried.md


class TissueAnswer(NamedTuple):
    """The tissue of a field for a result.

    Attributes:
        tissue: The part of the result.
        tumour: Map of probabilities from 0 to 1; None if the field is too small for one.
    """

    tissue: Tissue
    tumour: Float | None


def is_read(shape: tuple[int, ...], um_per_pixel: float) -> bool:
    """Whether a field is large enough for the tissue network."""
    return min(shape[:2]) * um_per_pixel >= LEAST_READ_UM


def read_tissue(
    reader: TissueReader, field: RGB8, scale: Scale | None, glass: int, features: NDArray[np.floating]
) -> TissueAnswer | None:
    """Read the tissue of a field; None if its scale is unknown, or its shorter side is less than half a square.

    Args:
        reader: The tissue network.
        field: uint8 (height, width, 3).
        scale: Scale of the field, if known.
        glass: Value from which its pixels are glass.
        features: The field's `gate_features`.
    """
    if scale is None or not is_read(field.shape, scale.um_per_pixel):
        return None
    um = scale.um_per_pixel
    reading = reader.read(field, um, glass, features)
    mapped = min(field.shape[:2]) * um >= MAPPED_UM
    manifest = reader.package.manifest
    tissue = Tissue(
        model=f"{manifest.name} {manifest.version}",
        um_per_pixel=round(um, 4),
        scale_source=scale.source,
        probability_tumour=round(float(reading.probabilities.max(initial=0.0)), 6),
        tumour_share=round(reading.tumour_share, 4),
        marked_from=reader.mark_from,
        unlike_training=reading.unlike_training,
        regions=regions_of(reading, reader.mark_from, um, field.shape) if mapped else [],
    )
    return TissueAnswer(tissue, reading.tumour if mapped else None)


def regions_of(reading: TissueReading, least: float, um_per_pixel: float, shape: tuple[int, ...]) -> list[TissueRegion]:
    """The most suspicious non-overlapping squares of a field, in its pixels.

    Args:
        reading: Tissue of the field.
        least: Least probability of a returned square.
        um_per_pixel: Micrometres per pixel of the field.
        shape: Shape of the field, rows first.
    """
    kept: list[int] = []
    for place in np.argsort(-reading.probabilities, kind="stable"):
        if reading.probabilities[place] < least or len(kept) == MOST_REGIONS:
            break
        away = np.abs(reading.squares[kept] - reading.squares[place]).max(axis=1)
        if (away >= SIDE).all():
            kept.append(int(place))
    factor = UM_PER_PIXEL / um_per_pixel
    found: list[TissueRegion] = []
    for place in kept:
        top, left = (min(n - 1, round(edge * factor)) for edge, n in zip(reading.squares[place], shape, strict=False))
        high, wide = (min(n - at, max(1, round(SIDE * factor))) for n, at in zip(shape, (top, left), strict=False))
        probability = round(float(reading.probabilities[place]), 6)
        found.append(TissueRegion(x=left, y=top, width=wide, height=high, probability_tumour=probability))
    return found


def describe_map(manifest: ModelManifest, file: str) -> HeatMap:
    """The map as a part of a result: its method and measurements, with the figures of the package."""
    measured = next(m for m in manifest.metrics if (m.name, m.magnification) == ("image_auc", "idc"))
    assert measured.interval is not None, "the package states its intervals"
    low, high = measured.interval
    method = MAP_METHOD.format(f"{SIDE * UM_PER_PIXEL:g}", f"{measured.value:.3f}", f"{low:.3f}", f"{high:.3f}")
    return HeatMap(kind="tumour", file=file, method=method, meaning=MAP_MEANING.format(*_ACROSS))


def draw_map(heat: Float, display: RGB8, glass: int) -> Float:
    """Draw a map at the size of the display image, from 0 to 1, with 0 over glass."""
    drawn = cv2.resize(heat, display.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    drawn[is_glass(display, glass)] = 0
    return np.clip(drawn, 0, 1).astype(np.float32)


def is_unlike(tissue: Tissue | None) -> bool:
    """Whether the tissue is unlike the training tissue."""
    return tissue is not None and tissue.unlike_training >= FAR


def tissue_notices(shape: tuple[int, ...], tissue: Tissue | None, assessment: Assessment) -> Iterator[Notice]:
    """Say how much of the field was read, and if its map marks carcinoma although the assessment shows no sign.

    The assessment is of the mean over the patches of a field, in which a small focus counts little. The map does not
    change it: its figures in other laboratories are too poor.

    Args:
        shape: Shape of the field, rows first.
        tissue: Tissue of the field; None if it was not read.
        assessment: Assessment of the field.
    """
    if tissue and (share := share_read(shape[0], shape[1], tissue.um_per_pixel)) < 1:
        yield make_notice("tissue_sampled", share=f"{share:.0%}")
    if tissue and tissue.regions and assessment == "no_sign_of_malignancy":
        yield make_notice("tumour_map_disagrees", percent=f"{tissue.regions[0].probability_tumour:.0%}")


def widened(thresholds: Thresholds, tissue: Tissue | None) -> Thresholds:
    """Widen the "not sure" band, the more the tissue is unlike the training tissue.

    For unlike tissue it covers everything.
    """
    unlike = tissue.unlike_training if tissue else 0.0
    share = float(np.clip((unlike - _DOUBTED) / (FAR - _DOUBTED), 0, 1))
    if share == 0:
        return thresholds
    low, high = thresholds.low * (1 - share), thresholds.high + (1 - thresholds.high) * share
    return thresholds.model_copy(update={"low": round(low, 4), "high": round(high, 4)})
