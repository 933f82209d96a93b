"""A film of an examination: its result, and the positions of its findings in the breast."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lobule.breast_place import Place
from lobule.contracts.axis import FilmAxis
from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.notices import ORIENTATION_IN_DOUBT
from lobule.contracts.result import Finding, Hanging, ImageInfo, Laterality, Result, SpacingPlane
from lobule.imaging.film import Film
from lobule.imaging.hanging import points_as_hung, points_in_file
from mammo_worker.examination.anatomy import Anatomy, find_anatomy
from mammo_worker.examination.frame import Thumbnail, thumbnail_of
from mammo_worker.examination.location import place_on_film
from mammo_worker.examination.marks import Mark, marks_of
from mammo_worker.films.hanging import hang_film

MOST_FINDINGS = 8  # number of findings that are compared with those of another film


@dataclass(frozen=True)
class ExaminedFilm:
    """A film with its result and its geometry.

    Attributes:
        name: Path of the file, because names can repeat in other folders; in the service, the id of its job.
        laterality: Side of the breast.
        view: CC or MLO.
        result: Result of the film's pipeline.
        thumbnail: Thumbnail of the breast; None if no breast was found.
        anatomy: Its landmarks; None if no breast was found.
        marks: Marks of the first `MOST_FINDINGS` findings of the result, in their order.
        plane: Plane in which the spacing of its pixels is valid; None if unknown.
        upright: Whether the film certainly hangs as usual.
        calcifications: Places of its marked clusters of calcifications, by the ids of the findings.
        mm_per_unit: Millimetres per unit of the frame; None if the spacing is not known.
        axis: The breast's axis in pixels of the file; None if no breast was found.
        to_file: Map (2, 3) from x, y of the thumbnail to pixels of the file; None if no breast was found.
        pixels: Fingerprint of its pixels, by which a film under two names is known as one; None if not computed.
    """

    name: str
    laterality: Laterality
    view: Literal["CC", "MLO"]
    result: Result
    thumbnail: Thumbnail | None
    anatomy: Anatomy | None
    marks: list[Mark]
    plane: SpacingPlane | None = None
    upright: bool = True
    calcifications: dict[str, Place] = field(default_factory=dict[str, Place])
    mm_per_unit: float | None = None
    axis: FilmAxis | None = None
    to_file: NDArray[np.float64] | None = None
    pixels: str | None = None

    def place_of(self, finding: int) -> Place | None:
        """The place of a finding of the result, by its index; None if it is not known."""
        if self.anatomy is None or finding >= len(self.marks):
            return None
        return place_on_film(self.anatomy, self.marks[finding].centre, self.upright)


def examined(
    name: str, laterality: Laterality, view: Literal["CC", "MLO"], film: Film, result: Result, hanging: Hanging | None
) -> ExaminedFilm:
    """Determine the positions of a film's findings in its breast; calcifications stand apart from masses.

    Args:
        name: See `ExaminedFilm`.
        laterality: Side of the breast.
        view: View of the film.
        film: The film as read from its file.
        result: The pipeline's result; its boxes are in pixels of the file.
        hanging: Rotation and mirroring that the pipeline applied.
    """
    clusters = [finding for finding in result.marked_findings() if finding.label == CALCIFICATION]
    result = without_calcifications(result)
    hung = hang_film(film, hanging)
    plane = result.image.spacing_plane
    upright = not any(notice.code in ORIENTATION_IN_DOUBT for notice in result.notices)
    pixels = _fingerprint(film)
    if not hung.breast.mask.any():
        return ExaminedFilm(name, laterality, view, result, None, None, [], plane, upright, pixels=pixels)
    thumbnail = thumbnail_of(hung.breast, hung.pixels.shape[1])
    anatomy = find_anatomy(thumbnail, view)
    marks = marks_of(thumbnail, anatomy, _boxes(result.findings[:MOST_FINDINGS], hanging, film))
    framed = anatomy.frame.boxes_from_film(_boxes(clusters, hanging, film))
    places = [place_on_film(anatomy, (float(x), float(y)), upright) for x, y in (framed[:, :2] + framed[:, 2:]) / 2]
    return ExaminedFilm(
        name,
        laterality,
        view,
        result,
        thumbnail,
        anatomy,
        marks,
        plane,
        upright,
        {cluster.id: place for cluster, place in zip(clusters, places, strict=True)},
        _mm_per_row(result.image, hanging),
        _axis(name, anatomy, hanging, film, upright),
        _to_file(thumbnail, hanging, film),
        pixels,
    )


def _axis(name: str, anatomy: Anatomy, hanging: Hanging | None, film: Film, upright: bool) -> FilmAxis:
    ends = anatomy.frame.to_film(anatomy.axis())
    nipple, wall, side = points_in_file(ends, hanging, film.pixels.shape).tolist()
    return FilmAxis(job_id=name, view=anatomy.view, nipple=nipple, wall=wall, side=side, upright=upright)


def _to_file(thumbnail: Thumbnail, hanging: Hanging | None, film: Film) -> NDArray[np.float64]:
    corners = thumbnail.frame.to_film(thumbnail.to_frame(np.array([[0, 0], [1, 0], [0, 1]])))
    origin, across, down = points_in_file(corners, hanging, film.pixels.shape)
    return np.column_stack([across - origin, down - origin, origin])


def _boxes(findings: Sequence[Finding], hanging: Hanging | None, film: Film) -> NDArray[np.float64]:
    """Boxes (N, 4) of findings, in pixels of the hung film."""
    boxes = np.array([[f.box.x, f.box.y, f.box.x + f.box.width, f.box.y + f.box.height] for f in findings])
    return boxes_as_hung(boxes.reshape(-1, 4), hanging, film.pixels.shape)


def _mm_per_row(image: ImageInfo, hanging: Hanging | None) -> float | None:
    """The height of a pixel of the hung film in millimetres; None if it is not known."""
    if image.pixel_spacing_mm is None:
        return None
    return image.pixel_spacing_mm[1 if hanging is not None and hanging.rotation in (90, 270) else 0]


def without_calcifications(result: Result) -> Result:
    """A result with its masses alone, on which the joint reading was fitted. Their ids stay."""
    return result.model_copy(update={"findings": [f for f in result.findings if f.label != CALCIFICATION]})


def twin_of(film: ExaminedFilm, others: Iterable[ExaminedFilm]) -> ExaminedFilm | None:
    """The film that has the same pixels, which is the same film under another name; None if there is none."""
    return next((other for other in others if film.pixels is not None and other.pixels == film.pixels), None)


def _fingerprint(film: Film) -> str:
    digest = hashlib.sha256(f"{film.pixels.shape} {film.pixels.dtype}".encode())
    digest.update(np.ascontiguousarray(film.pixels).data)
    return digest.hexdigest()


def boxes_as_hung(boxes: NDArray[np.floating], hanging: Hanging | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Convert boxes (N, 4) in pixels of the file to pixels of the hung film."""
    corners = points_as_hung(boxes.reshape(-1, 2), hanging, shape).reshape(-1, 2, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
