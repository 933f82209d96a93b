"""The outlines of a film's findings as a segmentation, one segment each."""

from collections.abc import Iterable
from copy import copy

import highdicom as hd
import numpy as np
from highdicom import seg
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.concepts import DCM, SCT
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.measurements import tracking_id, tracking_uid
from lobule.contracts.result import Finding


def outlined(film: AnalysedFilm) -> list[Finding]:
    """The marked findings that have an outline."""
    return [finding for finding in film.result.marked_findings() if finding.outline]


def segmentation(film: AnalysedFilm, *, uid: UID, series_uid: UID, number: int) -> seg.Segmentation:
    """The outlines of a film's marked findings.

    Args:
        film: A film with at least one outline.
        uid: SOP Instance UID of the object.
        series_uid: Series Instance UID.
        number: Instance Number in the series.
    """
    findings = outlined(film)
    made = seg.Segmentation(
        source_images=[_source(film)],
        # The masks follow, because highdicom would hold each of them several times.
        pixel_array=np.ones((1, 1, 1, len(findings)), bool),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_describe(film, finding, place + 1) for place, finding in enumerate(findings)],
        series_instance_uid=series_uid,
        series_number=9002,
        sop_instance_uid=uid,
        instance_number=number,
        content_label="LOBULE",
        content_description=f"Outlines on {film.name}",
        series_description="Lobule outlines (research use only)",
        specific_character_set=film.header.SpecificCharacterSet,
        omit_empty_frames=False,
        **concepts.EQUIPMENT,
    )
    made.Rows, made.Columns = film.header.Rows, film.header.Columns
    made.PixelData = _packed(mask_of(finding, made.Rows, made.Columns) for finding in findings)
    made.PatientOrientation = film.header.get("PatientOrientation", "")  # highdicom leaves it out for such films
    return made


def mask_of(finding: Finding, rows: int, columns: int) -> np.ndarray:
    """The pixels within an outline, (rows, columns), booleans."""
    assert finding.outline
    canvas = Image.new("1", (columns, rows))
    ImageDraw.Draw(canvas).polygon([(x, y) for x, y in finding.outline], fill=1, outline=1)
    return np.asarray(canvas)


def _packed(masks: Iterable[np.ndarray]) -> bytes:
    """Masks as frames of one bit a pixel, each right after the one before (DICOM PS3.5, 8.1.1)."""
    packed, left = bytearray(), np.zeros(0, bool)
    for mask in masks:
        bits = np.concatenate([left, mask.ravel()]) if left.size else mask.ravel()
        whole = bits.size - bits.size % 8
        packed += np.packbits(bits[:whole], bitorder="little").tobytes()
        left = bits[whole:].copy()
    packed += np.packbits(left, bitorder="little").tobytes()
    return bytes(packed) + b"\0" * (len(packed) % 2)


def _source(film: AnalysedFilm) -> Dataset:
    """The film's header with the attributes that highdicom needs from the source of a segmentation; of one pixel."""
    source = Dataset()
    source.update({element.tag: copy(element) for element in film.header})
    source.Rows = source.Columns = 1
    source.ImageType = ["DERIVED", "PRIMARY"]
    return source


def _describe(film: AnalysedFilm, finding: Finding, number: int) -> seg.SegmentDescription:
    model = film.result.model
    return seg.SegmentDescription(
        segment_number=number,
        segment_label=tracking_id(film, finding),
        segmented_property_category=SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=concepts.finding_type(finding.label),
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=model.name, version=model.version, family=DCM.ArtificialIntelligence
        ),
        tracking_uid=tracking_uid(film, finding),
        tracking_id=tracking_id(film, finding),
        anatomic_regions=[SCT.Breast],
    )
