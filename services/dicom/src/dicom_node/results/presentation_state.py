"""The marks on a film as a presentation state, which viewers show over the film itself (DICOM PS3.3, A.33.1)."""

from fractions import Fraction

import highdicom as hd
import numpy as np
from highdicom import pr
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.measurements import closed_outline, corners, tracking_id, tracking_uid
from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.result import Finding
from lobule.imaging.marks import cut_corners
from lobule.modalities import MAMMOGRAPHY
from lobule.words import Words

_LAYER = pr.GraphicLayer(layer_name="LOBULE", order=1, description="Findings of Lobule, research use only")
_TEXT_HEIGHT = 0.02
"""Of the film's height: a line of text."""


def presentation_state(film: AnalysedFilm, *, uid: UID, series_uid: UID, number: int) -> Dataset:
    """A film with its sender's display settings, and an outline, name and suspicion for each marked finding.

    Args:
        film: A film with at least one marked finding, whose display can be repeated (`repeats_display`).
        uid: SOP Instance UID of the object.
        series_uid: Series Instance UID.
        number: Instance Number in the series.
    """
    source = Dataset()
    source.update(film.header)
    source.SamplesPerPixel = 1
    shape = "INVERSE" if film.header.PhotometricInterpretation == "MONOCHROME1" else "IDENTITY"
    findings = film.result.marked_findings()
    state = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[source],
        series_instance_uid=series_uid,
        series_number=9006,
        sop_instance_uid=uid,
        instance_number=number,
        content_label="LOBULE",
        content_description=f"Findings on {film.name}",
        graphic_layers=[_LAYER],
        graphic_annotations=[
            pr.GraphicAnnotation(
                referenced_images=[source],
                graphic_layer=_LAYER,
                graphic_objects=[_line(film, finding) for finding in findings],
                text_objects=[_label(film, finding) for finding in findings],
            )
        ],
        voi_lut_transformations=_tables(film),
        presentation_lut_transformation=hd.PresentationLUTTransformation(presentation_lut_shape=shape),
        series_description="Lobule marks (research use only)",
        specific_character_set=film.header.SpecificCharacterSet,
        **concepts.EQUIPMENT,
    )
    [area] = state.DisplayedAreaSelectionSequence
    area.PresentationPixelAspectRatio = _pixel_aspect(film)
    state.Laterality = film.laterality or ""  # of the series; highdicom leaves it out, and a breast is of a pair
    return state


def _pixel_aspect(film: AnalysedFilm) -> list[int]:
    """Height and width of a pixel as whole numbers, which highdicom takes to be equal."""
    rows, columns = film.result.image.pixel_sides
    ratio = Fraction(rows / columns).limit_denominator(1000)
    return [ratio.numerator, ratio.denominator]


def _tables(film: AnalysedFilm) -> list[pr.SoftcopyVOILUTTransformation] | None:
    """The sender's lookup tables; None: highdicom takes over the window, if there is one."""
    tables = film.header.get("VOILUTSequence")
    return [pr.SoftcopyVOILUTTransformation(voi_luts=list(tables))] if tables else None


def _line(film: AnalysedFilm, finding: Finding) -> pr.GraphicObject:
    points = corners(film, finding)
    if finding.label == CALCIFICATION:
        points = np.concatenate([cut := cut_corners(points[:4]), cut[:1]])
    if finding.outline:
        points = np.clip(closed_outline(finding), 0, (film.header.Columns, film.header.Rows))
    return pr.GraphicObject(
        graphic_type="POLYLINE",
        graphic_data=points,
        units="PIXEL",
        tracking_id=tracking_id(film, finding),
        tracking_uid=tracking_uid(film, finding),
    )


def _label(film: AnalysedFilm, finding: Finding) -> pr.TextObject:
    """Its number and suspicion, as in the report, beside the upper edge of the box and within the film."""
    (left, top), (right, _) = corners(film, finding)[[0, 1]]
    height = max(1.0, _TEXT_HEIGHT * film.header.Rows)
    upper = max(0.0, top - height)
    shown, suspicion = tracking_id(film, finding), finding.probability_malignant
    if suspicion is not None:
        shown = f"{shown}: {Words('en').percent(suspicion, film.result.thresholds)}"
    if finding.label == CALCIFICATION:
        shown = f"{shown}, {Words('en').name(MAMMOGRAPHY, f'findings.label.{CALCIFICATION}')}"
    return pr.TextObject(
        text_value=shown,
        units="PIXEL",
        bounding_box=(left, upper, max(right, left + 1), upper + height),
        text_justification="LEFT",
    )
