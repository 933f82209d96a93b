"""Notices about the scale of a field, and about how much of it was read."""

from collections.abc import Iterator, Sequence

from histo_worker.field_reader import MEASURED, SUPPOSED, FieldReader, Reading
from histo_worker.scale import FARTHEST, Scale, contradicts, is_classified, nearest_magnification, stated_um
from lobule.contracts.modality import UM_OF_MAGNIFICATION
from lobule.contracts.notices import Notice
from lobule.contracts.result import ImageInfo, Magnification
from lobule.words import make_notice


def scale_notices(image: ImageInfo, magnification: Magnification | None, scale: Scale | None) -> Iterator[Notice]:
    """Say where the scale comes from if nobody stated it, what contradicts it, and whether it was evaluated.

    Args:
        image: The facts that the user stated.
        magnification: Magnification of the field, stated or named by its file.
        scale: Scale of the field, if known.
    """
    if scale is None:
        yield make_notice("scale_unknown")
    elif scale.source == "magnification":
        if magnification is not None and magnification not in MEASURED:
            yield make_notice("magnification_not_measured", magnification=magnification)
    elif scale.source == "estimated":
        near, _ = nearest_magnification(scale.um_per_pixel)
        yield make_notice("scale_estimated", um=f"{scale.um_per_pixel:.3g}", magnification=near)
        if near not in SUPPOSED:  # at which the classifier reads it
            yield make_notice("magnification_not_measured", magnification=near)
    else:
        near, times = nearest_magnification(scale.um_per_pixel)
        um = f"{scale.um_per_pixel:.3g}"
        if scale.source == "file" and image.magnification not in (None, near):
            yield make_notice("scale_in_file", um=um, magnification=image.magnification)
        if scale.source == "given" and image.magnification and contradicts(scale.um_per_pixel, image.magnification):
            usual = f"{UM_OF_MAGNIFICATION[image.magnification]:g}"
            yield make_notice("scale_against_magnification", um=um, magnification=image.magnification, usual=usual)
        if not is_classified(scale):
            yield make_notice("scale_too_coarse", um=um)
        elif near not in MEASURED or times > FARTHEST:
            yield make_notice("scale_not_measured", um=um)


def size_notices(
    reader: FieldReader,
    shape: tuple[int, ...],
    magnification: Magnification | None,
    scale: Scale | None,
    readings: Sequence[Reading],
) -> Iterator[Notice]:
    """Say that the classifier read a field enlarged, shrunk, or in part; nothing if its number means nothing anyway.

    Args:
        reader: The reader of the field.
        shape: Shape of the field, rows first.
        magnification: Magnification of the field, if known.
        scale: Scale of the field, if known.
        readings: What the reader cut from it.
    """
    if not is_classified(scale):
        return
    um = stated_um(scale)
    side = min(reader.sides(magnification, um))
    if (um is not None or magnification in (None, *SUPPOSED)) and min(shape[:2]) < side:
        yield make_notice("small_image", pixels=str(side))
    shrunk, share = min(r.scale for r in readings), min(r.share for r in readings)
    if shrunk < 1:
        yield make_notice("image_shrunk", scale=f"{shrunk:.0%}")
    if share < 1:
        yield make_notice("field_sampled", share=f"{share:.0%}")
