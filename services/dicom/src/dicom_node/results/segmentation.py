"""The outlines of a film's findings as a segmentation, one segment each."""

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
        film: With at least one outline.
        uid: Of the object.
        series_uid: Of its series.
        number: Of the object in its series.
    """
    findings = outlined(film)
    masks = np.stack([mask_of(finding, film.header.Rows, film.header.Columns) for finding in findings], axis=-1)
    made = seg.Segmentation(
        source_images=[_source(film)],
        pixel_array=masks[np.newaxis],
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
    made.PatientOrientation = film.header.get("PatientOrientation", "")  # highdicom leaves it out for such films
    return made


def mask_of(finding: Finding, rows: int, columns: int) -> np.ndarray:
    """The pixels within an outline, (rows, columns), booleans."""
    assert finding.outline
    canvas = Image.new("1", (columns, rows))
    ImageDraw.Draw(canvas).polygon([(x, y) for x, y in finding.outline], fill=1, outline=1)
    return np.asarray(canvas)


def _source(film: AnalysedFilm) -> Dataset:
    """The film's header with the attributes that highdicom needs from the source of a segmentation."""
    source = Dataset()
    source.update(film.header)
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
