"""What a worker may announce of its modality: only what every report and every page can use."""

import pytest
from pydantic import ValidationError

from lobule.contracts.modality import ModalitySpec
from lobule.modalities import PACKAGED
from lobule.words.modalities import check_limits
from lobule.worker.app import run_inference_worker

SONOGRAPHY = {
    "name": "sonography",
    "queue": "sono",
    "titles": {"en": "Sonography", "zh": "超声"},
    "formats": ["PNG"],
    "evidence": "image",
}


def spec(**about) -> ModalitySpec:
    return ModalitySpec.model_validate(SONOGRAPHY | about)


@pytest.mark.parametrize("queue", ["report", "pictures"])
def test_its_queue_is_not_one_of_the_report_service(queue):
    with pytest.raises(ValidationError, match="report service"):
        spec(queue=queue)


def test_its_magnifications_are_those_that_an_image_may_have():
    assert spec(attributes=["magnification"], magnifications=["40X"])
    with pytest.raises(ValidationError, match="magnifications"):
        spec(attributes=["magnification"], magnifications=["20X"])


@pytest.mark.parametrize("sentence", ["{depth}", "{0}", "{}", "{", "a } b", "{modality.size}", "{modality[a]}"])
def test_a_sentence_with_a_blank_that_nobody_fills_is_refused(sentence):
    with pytest.raises(ValidationError, match=r"limits\.depth"):
        spec(sentences={"zh": {"limits.depth": sentence}})


def test_a_sentence_may_name_the_modality():
    assert spec(sentences={"en": {"limits.depth": "{modality} ends at 4 cm; {{braces}} are doubled."}})


def test_no_worker_starts_whose_limit_has_no_sentence_in_some_language():
    half = spec(limits=["depth"], sentences={"en": {"limits.depth": "What lies deeper."}})
    with pytest.raises(ValueError, match="'depth' of sonography has no sentence in 'zh'"):
        run_inference_worker(half, lambda: pytest.fail("no pipeline is built"))


def test_what_a_case_repeats_needs_its_sentence_too():
    with pytest.raises(ValueError, match="'depth'"):
        check_limits(spec(limits_of_case=["depth"]))


@pytest.mark.parametrize("packaged", PACKAGED.values(), ids=PACKAGED)
def test_those_that_lobule_brings_along_have_theirs(packaged):
    check_limits(packaged)
