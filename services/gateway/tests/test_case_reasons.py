"""The reasons of a case's conclusion: they support it, and name films as they hang."""

from gateway.cases.assessment import conclude
from gateway.cases.comparison import Comparison
from lobule.contracts.case import ImageEvidence, numbered
from lobule.contracts.examination import SinceEarlier, WorseLesion
from lobule.words import Words

SUSPECTED, UNSURE, CLEAR = "malignancy_suspected", "not_sure", "no_sign_of_malignancy"


def film(said: str, hanging: str, number: int = 0) -> ImageEvidence:
    told = {"state": said} if said in ("failed", "pending") else {"state": "assessed", "assessment": said}
    place = {"laterality": hanging[0], "view": hanging[1:], "evidence": "film", "modality": "mammography"}
    return ImageEvidence(job_id=f"job-{number}", file_name=f"{number}.png", **place, **told)


def test_a_suspected_case_is_not_excused_for_not_being_negative():
    """A reason supports the conclusion beside which it stands."""
    grown = Comparison("done", SinceEarlier(worse=[WorseLesion(change="grown", marks=["job-0"], mm=3)]))
    refused = [film("pending", "LCC", 9)]
    for images in ([film(SUSPECTED, "RCC", 0), film("failed", "LCC", 1)], [film(SUSPECTED, "RCC", 0)]):
        conclusion = conclude(images, {"LCC 2026": film(UNSURE, "LCC", 8)}, refused, comparison=grown)
        told = " ".join(map(Words("en").reason, conclusion.reasons))
        assert (conclusion.assessment, "negative" in told) == (SUSPECTED, False)
    cleared = conclude([film(CLEAR, "RCC", 0)], comparison=grown)
    assert [reason.code for reason in cleared.reasons][-1] == "not_called_negative"


def test_no_two_images_of_an_examination_have_one_name():
    def names(*files: str) -> list[str]:
        images = [film(CLEAR, "RCC").model_copy(update={"file_name": name, "laterality": None}) for name in files]
        return [image.name for image in numbered(images)]

    assert names("A", "A", "A 2", "A") == ["A", "A 2", "A 2 2", "A 3"]
    assert names("A 2", "A", "A", "A 2") == ["A 2", "A", "A 3", "A 2 2"]


def test_films_are_named_in_the_order_in_which_they_hang():
    films = [film(UNSURE, name, number) for number, name in enumerate(("LCC", "LMLO", "RMLO", "RCC"))]
    conclusion = conclude(films)
    [unsure] = [reason for reason in conclusion.reasons if reason.code == "film_not_sure"]
    named = unsure.values["image"]
    assert named == ["RCC", "LCC", "RMLO", "LMLO"]
    assert Words("en").reason(unsure).startswith("RCC, LCC, RMLO and LMLO: "), "one sentence for all of them"
    [step] = [step for step in conclusion.suggestions if step.code == "further_imaging"]
    assert step.values["images"] == named
