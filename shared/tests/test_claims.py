"""Claims on the wire: every step has its own, and workers and gateways of version 0.1 go on working."""

import hashlib
import json

import pytest
from pydantic import BaseModel, ValidationError

from lobule.contracts import compatibility
from lobule.contracts.activity import activity
from lobule.contracts.region import RegionOpinion, RegionRequest
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.contracts.steps import (
    CLAIM,
    AnalysisUnit,
    ExaminationClaim,
    InferenceClaim,
    RegionClaim,
    RenderClaim,
    ReportClaim,
    UnitImage,
)
from lobule.errors import AnalysisError
from lobule.modalities import MAMMOGRAPHY
from lobule.storage import open_store
from lobule.worker.inference import InferenceHandler
from lobule.worker.pipeline import Analysis
from lobule.worker.stored_image import open_stored_image

COMMON = {"job_id": "j1", "attempt": 2, "lease_seconds": 9, "output_prefix": "jobs/j1/inference/2"}
NOW = "2026-01-01T00:00:00Z"
BOX = Box(x=1, y=2, width=3, height=4)


def info(content: bytes = b"") -> ImageInfo:
    sha256 = hashlib.sha256(content).hexdigest()
    return ImageInfo(sha256=sha256, file_name="a.png", modality="mammography", width=80, height=70)


def inference_of(content: bytes) -> InferenceClaim:
    subject = UnitImage(image_id="i1", image=info(content), key="images/i1/original")
    return InferenceClaim(**COMMON, unit=AnalysisUnit(images=(subject,)))


@pytest.fixture
def inference() -> InferenceClaim:
    return inference_of(b"")


class TestClaim:
    def test_the_step_decides_the_kind(self, inference):
        report = {**COMMON, "step": "report", "result_prefix": "p", "analysed_at": NOW}
        assert isinstance(CLAIM.validate_python(report), ReportClaim)
        assert CLAIM.validate_json(inference.model_dump_json()) == inference

    @pytest.mark.parametrize("lacking", ["result_prefix", "analysed_at"])
    def test_a_claim_without_what_its_step_needs_is_refused(self, lacking):
        report = {**COMMON, "step": "report", "result_prefix": "p", "analysed_at": NOW}
        del report[lacking]
        with pytest.raises(ValidationError, match=lacking):
            CLAIM.validate_python(report)

    def test_a_rendering_is_of_a_case_or_of_an_image(self):
        asked = {"languages": ["en"], "forms": ["html"]}
        with pytest.raises(ValidationError, match="of a case or of an image"):
            RenderClaim.model_validate({**COMMON, "step": "render", "render": asked})


class OldImageInfo(BaseModel, extra="forbid"):
    """What is known of an image, as version 0.1 and the claims up to version 4 have it."""

    sha256: str
    file_name: str
    modality: str
    width: int
    height: int
    magnification: str | None
    view: str | None
    laterality: str | None
    pixel_spacing_mm: tuple[float, float] | None
    spacing_plane: str | None
    hanging: dict | None


class TestVersion01:
    def test_its_worker_gets_the_image_as_it_knows_it(self, inference):
        document = compatibility.convert_claim(inference, 1)
        assert OldImageInfo(**document["image"]).modality == "mammography"
        assert document["image_key"] == "images/i1/original"
        assert "unit" not in document

    def test_the_report_of_an_analysis_is_the_same(self):
        claim = ReportClaim(**COMMON, result_prefix="p", analysed_at=NOW)
        assert compatibility.convert_claim(claim, 1) == claim.model_dump(mode="json")

    def test_what_its_gateway_gives_is_read(self, inference):
        before = compatibility.convert_claim(inference, 1) | {
            "result_prefix": None,
            "analysed_at": None,
            "render": None,
        }
        claim = compatibility.read_claim(json.dumps(before).encode())
        assert isinstance(claim, InferenceClaim)
        assert claim.unit.images[0].image == inference.unit.images[0].image

    def test_its_report_step_names_an_image_that_is_not_needed(self):
        before = {**COMMON, "step": "report", "result_prefix": "p", "analysed_at": NOW}
        before |= {"image": info().model_dump(mode="json"), "image_key": "images/i1/original", "render": None}
        assert isinstance(compatibility.read_claim(json.dumps(before).encode()), ReportClaim)


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6, 7, 8])
def test_workers_of_before_get_images_as_they_know_them(inference, version):
    """A field that a worker does not know has it refuse the claim, also an empty one."""
    box = {"x": 1, "y": 2, "width": 3, "height": 4}
    films = [{"job_id": "j1", "role": "current", "image": info(), "key": "k", "result_prefix": "p"}]
    claims = [
        inference,
        ExaminationClaim.model_validate({**COMMON, "examination": {"images": films}}),
        RegionClaim.model_validate({**COMMON, "region": {"image": info(), "key": "k", "box": box}}),
    ]
    unit, examination, region = (compatibility.convert_claim(claim, version) for claim in claims)
    images = [unit["unit"]["images"][0], examination["examination"]["images"][0], region["region"]]
    for image in (each["image"] for each in images):
        for field, since in (("um_per_pixel", 5), ("pixel_aspect", 6)):
            assert field not in image if version < since else image.pop(field, "") is None
        assert OldImageInfo(**image).width == 80


def test_the_role_that_gateways_of_before_send_is_ignored(inference):
    before = inference.model_dump(mode="json")
    before["unit"]["images"][0]["role"] = "current"
    assert compatibility.read_claim(json.dumps(before).encode()) == inference


class Echo:
    """A pipeline whose result says how many bytes it was given."""

    manifest = card = None

    def analyse(self, file, image, progress):
        data = file.read()
        progress(0.5, activity("drawing"))
        result = Result(
            image=image,
            model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing"),
            thresholds=Thresholds(low=0.2, high=0.7),
            assessment="not_sure",
            probability_malignant=len(data) / 10,
            findings=[Finding(label="mass", probability=0.5, box=BOX)] * 2,
            display=DisplayImage(file="display.png", width=8, height=7),
        )
        return Analysis(result, {"display.png": data})


class TestHandler:
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(tmp_path.as_uri())

    def test_the_result_is_left_in_the_folder_of_the_attempt(self, store):
        store.put("images/i1/original", b"abc")
        seen: list[float] = []
        InferenceHandler(Echo(), store, MAMMOGRAPHY)(inference_of(b"abc"), lambda fraction, _: seen.append(fraction))
        result = Result.model_validate_json(store.get(f"{COMMON['output_prefix']}/result.json"))
        assert result.probability_malignant == 0.3
        assert [finding.id for finding in result.findings] == ["f1", "f2"]
        assert store.get(f"{COMMON['output_prefix']}/display.png") == b"abc"
        assert seen == [0.0, 0.5, 1.0]

    def test_bytes_that_are_not_those_uploaded_are_refused(self, store):
        store.put("images/i1/original", b"something else")
        with pytest.raises(AnalysisError, match="differs from the one"):
            InferenceHandler(Echo(), store, MAMMOGRAPHY)(inference_of(b"abc"), lambda *_: None)

    def test_they_are_refused_at_the_end_of_a_file_that_is_read_in_pieces(self, store):
        store.put("images/i1/original", b"abc")
        with open_stored_image(store, "images/i1/original", info(b"abc").sha256) as file:
            for _ in range(2):
                file.seek(0)
                assert [file.read(2), file.read(2), file.read(2)] == [b"ab", b"c", b""]
        with open_stored_image(store, "images/i1/original", info(b"abd").sha256) as file:
            assert [file.read(2), file.read(2)] == [b"ab", b"c"]
            with pytest.raises(AnalysisError, match="differs from the one"):
                file.read(2)

    def test_an_opinion_of_a_region_is_left_for_the_gateway(self, store):
        store.put("images/i1/original", b"abc")
        said = RegionOpinion(outcome="too_coarse", mm_per_pixel=0.3, coarsest_mm_per_pixel=0.1, scale_assumed=True)
        claim = RegionClaim(
            **COMMON, region=RegionRequest(image=info(content=b"abc"), key="images/i1/original", box=BOX)
        )
        handler = InferenceHandler(Echo(), store, MAMMOGRAPHY, expert=lambda request, data: said)
        handler(claim, lambda *_: None)
        assert RegionOpinion.model_validate_json(store.get(f"{COMMON['output_prefix']}/region.json")) == said
        with pytest.raises(AnalysisError, match="region"):
            InferenceHandler(Echo(), store, MAMMOGRAPHY)(claim, lambda *_: None)

    def test_a_step_of_another_service_is_refused(self, store):
        claim = ReportClaim(**COMMON, result_prefix="p", analysed_at=NOW)
        with pytest.raises(AnalysisError, match="report"):
            InferenceHandler(Echo(), store, MAMMOGRAPHY)(claim, lambda *_: None)


def test_workers_say_which_claims_they_understand():
    assert compatibility.claims_version(compatibility.HEADERS) == 8
    assert (compatibility.claims_version({"Lobule-Claims": "2"}), compatibility.claims_version({})) == (2, 1)
    assert compatibility.claims_version({"Lobule-Claims": "-1"}) == 1


def test_what_workers_of_before_do_not_know_is_not_given_to_them():
    unknown = [compatibility.unknown_steps(version) for version in (8, 7, 6, 5, 4, 3, 2, 1)]
    assert unknown == [
        [],
        ["render"],
        ["render"],
        ["examination", "render"],
        ["examination", "render"],
        ["examination", "region", "render"],
        ["examination", "region", "render"],
        ["examination", "region", "render"],
    ]
