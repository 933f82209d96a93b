"""The mammography pipeline, from the bytes of a film to a result."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.activity import DONE, activity
from lobule.contracts.models import ModelManifest
from lobule.contracts.notices import NOT_EVALUATED, shows_whole_breast
from lobule.contracts.result import (
    Assessment,
    Box,
    CalcificationSearch,
    DisplayImage,
    Finding,
    Hanging,
    HeatMap,
    ImageInfo,
    Notice,
    Result,
)
from lobule.corrections import hang_by_chest_wall
from lobule.decoding.image_file import ImageFile
from lobule.decoding.images import decoder, read_film
from lobule.imaging.agreement import conflicts
from lobule.imaging.burnt_in import shown_pixels
from lobule.imaging.decode import encode_png
from lobule.imaging.display import first_look, in_8_bits
from lobule.imaging.film import Film
from lobule.imaging.hanging import hang, points_in_file
from lobule.imaging.shrink import fitting
from lobule.layout import DISPLAY_FILE, HEAT_MAP_FILE
from lobule.model_package import ModelPackage, open_package
from lobule.settings import film_settings
from lobule.words import make_notice
from lobule.worker.pipeline import Analysis, ReportProgress, StageClock
from lobule_ml.calibration import logit
from mammo_worker.calibration import Calibration, cap_suspicion, film_features
from mammo_worker.cluster_search import ClusterSearch
from mammo_worker.density.features import CANVAS as DENSITY_CANVAS
from mammo_worker.density.package import DensityReader, installed_density
from mammo_worker.films.breast import Breast
from mammo_worker.films.crop import area_in_file, breast_area
from mammo_worker.films.cut_off import is_cut_off
from mammo_worker.films.gate import check_mammogram, check_shape
from mammo_worker.films.hanging import chest_wall_of, hang_film
from mammo_worker.films.prepare import PreparedFilm
from mammo_worker.films.resolution import has_few_pixels
from mammo_worker.inference import Detections, detections_in_file
from mammo_worker.packages import installed_package, load_detector

MAX_DISPLAY_SIDE = 2048
HEAT_MAP_METHOD = "Instance probabilities of the triage head (deep multi-instance network, Zhu et al., 2017)"
HEAT_MAP_MEANING = "Bright regions raised the suspicion of a malignant mass. They are no outline of a lesion."


def _shows_density(notices: Sequence[Notice]) -> bool:
    """Whether the density model is valid for a film: not for men, implants, few pixels and a part of a breast."""
    codes = {notice.code for notice in notices}
    return codes.isdisjoint({"male_patient", "few_pixels"}) and shows_whole_breast(codes)


class MammographyPipeline:
    """Triage and mass detection on one film.

    Args:
        package: A verified model package.
        density: Reads the density of the breast; None to omit it.
        clusters: Searches for calcifications; None to omit it.

    Raises:
        AnalysisError: `model_unavailable` if the package cannot be run.
    """

    def __init__(
        self, package: ModelPackage, density: DensityReader | None = None, clusters: ClusterSearch | None = None
    ) -> None:
        film_settings()  # an invalid setting ends the worker at the start
        decoder.start()
        self._package, self._density, self._clusters = package, density, clusters
        self._calibration = Calibration.from_dict(package.manifest.calibration.values())
        self._detector = load_detector(package)
        self._detector.warm_up()
        if density is not None:
            density.warm_up()
        if clusters is not None:
            clusters.warm_up()

    @property
    def manifest(self) -> ModelManifest:
        """The model package in use."""
        return self._package.manifest

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._package.card

    def analyse(self, file: ImageFile | bytes, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one film; see `lobule.worker.pipeline.Pipeline`.

        Raises:
            AnalysisError: As raised by `read_film`, `check_shape` and `check_mammogram`.
        """
        clock = StageClock()
        with clock.stage("read"):
            progress(0.02, activity("reading_film"))
            film = read_film(file)
        with clock.stage("prepare"):
            progress(0.25, activity("checking_mammogram"))
            check_shape(film)
            hanging = image.hanging or film.hanging
            hung = hang_film(film, hanging)
            check_mammogram(film, hung.breast)
            progress(0.35, activity("finding_breast"))
            prepared = hung.prepared(self._detector.canvas_size)
            known = _upright_info(image, film)
            kinds = [*film.notices, *_notices_of_breast(hung.breast, known)]
        with clock.stage("network"):
            progress(0.45, activity("looking_for_masses"))
            found = detections_in_file(self._detector(prepared, hung.pixels.shape[0]), hanging, film.pixels.shape)
            probability = float(self._calibration.film(film_features(found))[0])
        density = None
        if self._density is not None and _shows_density(kinds):
            with clock.stage("density"):
                density = self._density(hung.prepared(DENSITY_CANVAS).canvas)
        calcifications, clusters = None, []
        if self._clusters is not None:
            with clock.stage("calcifications"):
                progress(0.6, activity("looking_for_calcifications"))
                known_scale = replace(film, hanging=hanging, pixel_spacing_mm=known.pixel_spacing_mm)
                searched = self._clusters.can_search(known_scale)
                calcifications = CalcificationSearch(searched=searched, model=self._clusters.model)
                clusters = self._clusters(known_scale, hung) if searched else []
        with clock.stage("draw"):
            progress(0.8, activity("drawing"))
            small = shown_small(film)
            display = in_8_bits(small, first_look(film))
            heat = heat_map(found, prepared, film, hanging, display.shape)
            files = {DISPLAY_FILE: encode_png(display), HEAT_MAP_FILE: encode_png(heat)}
        progress(1.0, DONE)
        chest_wall = chest_wall_of(hung.breast)
        shown_hanging, doubt = hang_by_chest_wall(chest_wall, known.laterality, hanging)
        area = breast_area(hang(small, shown_hanging))
        result = Result(
            image=known.model_copy(update={"hanging": shown_hanging}),
            model=self.manifest.info(),
            thresholds=self.manifest.thresholds,
            assessment=assessment_of(kinds, self.manifest.thresholds.assess(probability)),
            probability_malignant=probability,
            findings=sorted([*self._findings(found, probability), *clusters], key=lambda f: -f.probability),
            calcifications=calcifications,
            density=density,
            chest_wall=chest_wall,
            breast=area_in_file(area, shown_hanging, small.shape, film.pixels.shape),
            display=DisplayImage(file=DISPLAY_FILE, width=display.shape[1], height=display.shape[0]),
            heat_map=HeatMap(file=HEAT_MAP_FILE, method=HEAT_MAP_METHOD, meaning=HEAT_MAP_MEANING),
            notices=[
                *kinds,
                *conflicts(image, film),
                *([doubt] if doubt else []),
                *_notices_of_search(calcifications),
                *([make_notice("aspect_assumed")] if hung.squeeze != 1.0 and not film.pixel_sides else []),
            ],
            timings_s=clock.seconds,
        )
        result.notices += advice(result)
        return Analysis(result, files)

    def _findings(self, found: Detections, film_probability: float) -> list[Finding]:
        mass = self._calibration.mass(logit(found.scores))
        malignant = self._calibration.malignant(logit(found.malignant))
        suspicion = cap_suspicion(mass * malignant, film_probability)
        findings: list[Finding] = []
        for i in range(len(found.boxes)):
            x1, y1, x2, y2 = (float(v) for v in found.boxes[i])
            line = found.outlines[i]
            findings.append(
                Finding(
                    # The more likely class given a mass, by the capped suspicion, so that the two never disagree.
                    label="malignant" if suspicion[i] >= mass[i] / 2 else "benign",
                    probability=float(mass[i]),
                    probability_malignant=float(suspicion[i]),
                    box=Box(x=x1, y=y1, width=x2 - x1, height=y2 - y1),
                    outline=None if line is None else [(float(x), float(y)) for x, y in line],
                )
            )
        return findings


def _notices_of_breast(breast: Breast, image: ImageInfo) -> Iterator[Notice]:
    """Notices about the kind of film that follow from its breast."""
    if is_cut_off(breast, image.view):
        yield make_notice("breast_cut_off")
    if has_few_pixels(breast):
        yield make_notice("few_pixels")


def _notices_of_search(search: CalcificationSearch | None) -> Iterator[Notice]:
    """Tell whether the experimental search for calcifications has seen a film."""
    if search is not None:
        yield make_notice("calcifications_searched" if search.searched else "calcifications_not_searched")


def assessment_of(notices: Sequence[Notice], by_number: Assessment) -> Assessment:
    """The assessment of a film; one of a kind that the model was not evaluated on is not called negative.

    Args:
        notices: What its file and its picture say of its kind.
        by_number: The assessment by its probability.
    """
    evaluated = not any(notice.code in NOT_EVALUATED for notice in notices)
    return by_number if evaluated or by_number != "no_sign_of_malignancy" else "not_sure"


def advice(result: Result) -> list[Notice]:
    """Advise on the next step for a film that leaves doubt.

    Imaging comes first (as for BI-RADS 0), a tissue sample only if a marked finding stays suspicious (BI-RADS 4, 5).
    """
    if result.assessment == "no_sign_of_malignancy":
        return []
    notices = [make_notice("further_imaging_suggested")]
    if result.finding_assessment() in ("not_sure", "malignancy_suspected"):
        notices.append(make_notice("histopathology_suggested"))
    return notices


def _upright_info(image: ImageInfo, film: Film) -> ImageInfo:
    """The facts about the image after reading: upright size, and the tags' values if the user stated none."""
    height, width = film.pixels.shape
    return image.model_copy(
        update={
            "width": width,
            "height": height,
            "view": image.view or film.view,
            "laterality": image.laterality or film.laterality,
            "pixel_spacing_mm": image.pixel_spacing_mm or film.pixel_spacing_mm,
            "spacing_plane": image.spacing_plane or film.spacing_plane,
            "pixel_aspect": image.pixel_aspect or film.pixel_aspect,
        }
    )


def shown_small(film: Film) -> NDArray[Any]:
    """The film's measured values as a viewer shows them, no side over `MAX_DISPLAY_SIDE`, its own proportions kept."""
    height, width = film.pixels.shape
    return cv2.resize(shown_pixels(film), fitting((width, height), MAX_DISPLAY_SIDE), interpolation=cv2.INTER_AREA)


def heat_map(
    found: Detections, prepared: PreparedFilm, film: Film, hanging: Hanging | None, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The triage head's instance map on the display image: 0 none, 255 certain."""
    height, width = film.pixels.shape
    canvas_height, canvas_width = prepared.canvas.shape[:2]
    instances = cv2.resize(found.instance_map, (canvas_width, canvas_height), interpolation=cv2.INTER_LINEAR)
    instances = instances * (prepared.canvas[..., 0] > 0)
    # The positions of three corners of the canvas on the display image determine the whole map.
    corners = np.array([[0, 0], [canvas_width, 0], [0, canvas_height]], np.float64)
    in_file = points_in_file(prepared.transform.points_to_film(corners), hanging, film.pixels.shape)
    on_display = in_file * np.array([shape[1] / width, shape[0] / height])
    affine = cv2.getAffineTransform((corners - 0.5).astype(np.float32), (on_display - 0.5).astype(np.float32))
    warped = cv2.warpAffine((instances * 255).astype(np.uint8), affine, (shape[1], shape[0]))
    return warped.astype(np.uint8)


def build_pipeline(model: Path | None = None, clusters: ClusterSearch | None = None) -> MammographyPipeline:
    """Load a model package and warm up its network.

    Args:
        model: Folder of the package; None for the installed one.
        clusters: Searches for calcifications; None to omit it.

    Raises:
        AnalysisError: `model_unavailable` if there is no usable package.
    """
    package = installed_package() if model is None else open_package(model)
    return MammographyPipeline(package, installed_density(), clusters)
