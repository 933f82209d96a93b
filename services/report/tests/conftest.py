"""Results and pictures to render. Pictures are drawn here: a report must not depend on a data set."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from lobule.contracts.case import (
    CaseContent,
    CaseImage,
    Conclusion,
    Reason,
    Review,
    Signature,
    Suggestion,
)
from lobule.contracts.progress import StepError
from lobule.contracts.result import (
    Box,
    DisplayImage,
    Finding,
    HeatMap,
    ImageInfo,
    ModelInfo,
    Notice,
    Patches,
    Result,
    Thresholds,
)
from lobule.imaging.decode import encode_png

Case = tuple[Result, dict[str, bytes]]


@pytest.fixture
def analysed_at() -> datetime:
    return datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def tissue() -> NDArray[np.uint8]:
    """A pink field without a pure colour in it, 240 high and 360 wide."""
    noise = np.random.default_rng(0).integers(-20, 20, (240, 360, 3))
    return (np.array([214, 168, 200]) + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture
def heat() -> NDArray[np.uint8]:
    """Strongest evidence in one rectangle with a rounded corner, none elsewhere."""
    y, x = np.mgrid[:240, :360]
    return ((x >= 100) & (x < 180) & (y >= 60) & (y < 150) & (x + y > 190)).astype(np.uint8) * 255


@pytest.fixture
def make_histology(tissue: NDArray[np.uint8], heat: NDArray[np.uint8]) -> Callable[..., Case]:
    def make(probability: float = 0.87, file_name: str = "field.png", **changes: object) -> Case:
        thresholds = Thresholds(low=0.25, high=0.6)
        result = Result(
            image=ImageInfo(sha256="ab" * 32, file_name=file_name, modality="histopathology", width=360, height=240),
            model=ModelInfo(
                name="histo-test",
                version="1.2.3",
                weights_sha256="cd" * 32,
                calibration="Platt",
                trained_on="32 patients",
            ),
            thresholds=thresholds,
            assessment=thresholds.assess(probability),
            probability_malignant=probability,
            patches=Patches(count=8, size=224, magnification_assumed="100X"),
            display=DisplayImage(file="display.png", width=360, height=240),
            heat_map=HeatMap(file="heat.png", method="class activation map", meaning="spoke for malignancy"),
            notices=[Notice(code="magnification_unknown", detail="No magnification was given.")],
        )
        return result.model_copy(update=changes), {
            "display.png": encode_png(tissue),
            "heat.png": encode_png(heat),
        }

    return make


@pytest.fixture
def mammogram(make_histology: Callable[..., Case]) -> Case:
    """A film with a malignant mass, outlined, and a benign one; shown at half its size; pixels of 0.1 mm."""
    result, files = make_histology(0.7)
    image = ImageInfo(
        sha256="ab" * 32,
        file_name="film.dcm",
        modality="mammography",
        width=720,
        height=480,
        view="MLO",
        laterality="R",
        pixel_spacing_mm=(0.1, 0.1),
        spacing_plane="patient",
    )
    outline = [(200.0, 120.0), (360.0, 120.0), (360.0, 300.0), (200.0, 300.0)]
    malignant = Finding(
        id="f1",
        label="malignant",
        probability=0.83,
        probability_malignant=0.8,
        box=Box(x=200, y=120, width=161, height=181),
        outline=outline,
    )
    benign = Finding(
        id="f2",
        label="benign",
        probability=0.41,
        probability_malignant=0.06,
        box=Box(x=500, y=20, width=100, height=80),
    )
    changes = {
        "image": image,
        "findings": [malignant, benign],
        "heat_map": None,
        "patches": None,
        "notices": [],
    }
    return result.model_copy(update=changes), files


AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def results(make_histology, mammogram):
    """Two assessed images: a film and a field."""
    return [mammogram, make_histology(0.87, file_name="乳腺.png")]


@pytest.fixture
def make_content(results) -> Callable[..., CaseContent]:
    def make(signature: Signature | None = None) -> CaseContent:
        reviews = [
            Review(
                job_id="0", finding="0", verdict="confirmed", comment="seen twice", reviewer="Dr Lee", reviewed_at=AT
            ),
            Review(job_id="0", finding="image", verdict="dismissed", reviewer="Dr Lee", reviewed_at=AT),
        ]
        images = [
            CaseImage(
                image_id=str(index),
                job_id=str(index),
                image=result.image.model_copy(update={"view": "CC", "laterality": "L"} if index == 0 else {}),
                state="assessed",
                result_prefix=f"jobs/{index}/inference/1",
                analysed_at=AT,
                reviews=reviews if index == 0 else [],
            )
            for index, (result, _) in enumerate(results)
        ]
        broken = ImageInfo(sha256="0" * 64, file_name="broken.png", modality="mammography", width=9, height=9)
        error = StepError(code="image_truncated", detail="The file ends too early.")
        images.append(CaseImage(image_id="2", job_id="2", image=broken, state="failed", error=error))
        conclusion = Conclusion(
            assessment="malignancy_suspected",
            probability_malignant=0.87,
            reasons=[Reason(code="histology_malignant", job_id="1", values={"image": "乳腺.png"})],
            missing_views=["RCC", "RMLO", "LMLO"],
            suggestions=[
                Suggestion(code="read_with_priority"),
                Suggestion(code="complete_views", values={"views": "RCC"}),
            ],
        )
        return CaseContent(
            case_id="6f0b3c5e-0000",
            pseudonym="P-42",
            revision=3,
            created_at=AT,
            images=images,
            conclusion=conclusion,
            signature=signature,
        )

    return make


@pytest.fixture
def signature() -> Signature:
    return Signature(
        version=2, signed_by="Dr Lee", signed_at=AT, conclusion="not_sure", comment="Biopsy first. 先活检。"
    )
