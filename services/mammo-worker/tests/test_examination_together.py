"""The films of a case as the service has them read: the same as by the command, with what has changed."""

import pytest

from lobule.contracts.examination_request import ExaminationRequest, FailedPrior
from lobule.contracts.result import Hanging
from lobule.imaging.read_film import read_film
from lobule.storage import ObjectNotFoundError
from lobule.words import Words, make_notice
from lobule.words.breasts import breasts_in_words
from lobule_ml.calibration import Logistic
from mammo_worker.examination.breasts import read_breast
from mammo_worker.examination.films import examined
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.together import breast_as_contract, read_together
from mammo_worker.suspicion.breast import BreastCalibration, BreastModel


def test_says_what_the_command_says(films, film_png):
    films.add("a", [(150, 190, 24)], view="MLO")
    films.add("b", [(160, 200, 24), (100, 300, 30)])
    reading = films.together()
    by_hand = [
        examined(i.job_id, "L", i.image.view, read_film(film_png), films.results[i.job_id], None) for i in films.images
    ]
    assert reading.breasts == [breast_as_contract(read_breast("L", by_hand, 0, films.models), films.models)]
    assert reading.method == "rule"
    assert (reading.assessment, reading.probability_malignant) == ("malignancy_suspected", 0.7)
    marks = {(mark.job_id, mark.finding_id) for lesion in reading.breasts[0].lesions for mark in lesion.marks}
    assert marks == {("a", "f1"), ("b", "f1"), ("b", "f2")}


def test_pairs_name_both_findings_cc_first(films):
    films.add("m", [(150, 190, 24)], view="MLO")
    films.add("c", [(150, 190, 24)])
    [lesion] = films.together().breasts[0].lesions
    assert [(mark.job_id, mark.view) for mark in lesion.marks] == [("c", "CC"), ("m", "MLO")]
    assert lesion.same_lesion > 0.5
    assert lesion.place.clock is not None


@pytest.mark.parametrize("ids", [("a", "b", "m"), ("b", "a", "m")])
def test_the_marks_of_a_repeated_film_are_one_lesion_whatever_the_ids_of_analyses(films, ids):
    """Both CC films show the lesion; what only the repeated one shows is another."""
    blurred, repeated, mlo = ids
    films.add(blurred, [(150, 190, 30)])
    films.add(repeated, [(100, 330, 24), (150, 190, 24)])
    films.add(mlo, [(150, 190, 24)], view="MLO")
    by_size = ExaminationModels(pairs=Logistic((0.0, 0.0, -1.0, 0.0, 0.0), 3.0))
    [breast] = read_together(ExaminationRequest(images=films.images), films.open_image, by_size).reading.breasts
    shown = [[(mark.job_id, mark.finding_id) for mark in lesion.marks] for lesion in breast.lesions]
    assert shown == [[(blurred, "f1"), (repeated, "f2"), (mlo, "f1")], [(repeated, "f1")]]
    [together, alone] = breast.lesions
    assert together.same_lesion > 0.5
    assert alone.same_lesion is None


def test_findings_beyond_those_that_are_compared_shift_no_pair_of_another_film(films):
    """Only the first findings of a film have marks to compare; those of the next film keep their own partners."""
    films.add("many", [(60 + 8 * n, 100 + 10 * n, 12) for n in range(10)])
    films.add("again", [(100, 330, 60)])
    films.add("m", [(100, 330, 60)], view="MLO")
    by_size = ExaminationModels(pairs=Logistic((0.0, 0.0, -4.0, 0.0, 0.0), 3.0))
    [breast] = read_together(ExaminationRequest(images=films.images), films.open_image, by_size).reading.breasts
    paired = [
        {(mark.job_id, mark.finding_id) for mark in lesion.marks} for lesion in breast.lesions if lesion.same_lesion
    ]
    assert paired == [{("again", "f1"), ("m", "f1")}]
    assert len([mark for lesion in breast.lesions for mark in lesion.marks]) == 12, "each mark once"


def test_nothing_beside_the_films_in_doubt_is_called_negative(films):
    """A film of an unknown side concerns both breasts, and so does what the request says of either."""
    for side in ("L", "R"):
        for view in ("CC", "MLO"):
            job_id = f"{side}{view}"
            films.add(job_id, [], view=view)
            films.images[-1].image.laterality = side
            found = films.results[job_id]
            clear = {"assessment": "no_sign_of_malignancy", "probability_malignant": 0.05}
            films.results[job_id] = found.model_copy(update=clear)
    assert [breast.bi_rads for breast in films.together().breasts] == [1, 1]
    assert [breast.bi_rads for breast in films.together(failed=[None]).breasts] == [0, 0]
    doubted = films.together(in_doubt=["R"])
    assert [breast.bi_rads for breast in doubted.breasts] == [0, 1]
    assert [breast.assessment for breast in doubted.breasts] == ["not_sure", "no_sign_of_malignancy"]
    assert doubted.assessment == "not_sure"
    assert [reason.code for reason in doubted.breasts[0].reasons].count("in_doubt") == 1
    assert "not called negative" in breasts_in_words([doubted.breasts[0]], Words("en"))[0][-1]
    assert [breast.bi_rads for breast in films.together(in_doubt=[None]).breasts] == [0, 0]
    films.add("unplaced", [])
    films.images[-1].image.laterality = None
    assert films.results["unplaced"].assessment == "malignancy_suspected"
    assert [breast.bi_rads for breast in films.together().breasts] == [0, 0]


@pytest.mark.parametrize("view", ["MLO", "XCCL"])
def test_a_film_whose_side_is_in_doubt_is_not_cleared_by_the_other_view(films, view):
    """Nor is a film of the other breast, of which it may be. One that shows no sign by itself leaves no doubt."""
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), 0.6)
    number = ExaminationModels(breast=BreastCalibration(model, films.thresholds), detector=("m", "1"))
    for side, other in (("L", view), ("R", "MLO")):
        films.add(f"{side}1", side=side, p=0.02)
        films.add(f"{side}2", side=side, view=other, p=0.02)
    films.results["L2"].notices.append(make_notice("laterality_conflict", side="L"))
    assert films.together(models=number).assessment == "no_sign_of_malignancy"
    films.results["L2"].probability_malignant, films.results["L2"].assessment = 0.3, "not_sure"
    reading = films.together(models=number)
    assert [breast.assessment for breast in reading.breasts] == ["not_sure", "not_sure"]
    assert "no_sign_of_malignancy" not in {state.assessment for state in reading.states()}


def test_a_lesion_is_smaller_only_if_it_is_on_each_view(films):
    """A lesion unchanged on CC and smaller on MLO was said to be smaller."""
    films.add("cc", [(150, 190, 24)], spacing=(0.5, 0.5))
    films.add("mlo", [(150, 190, 24)], view="MLO", spacing=(0.5, 0.5))
    films.add("cc before", [(150, 190, 24)], role="prior", spacing=(0.5, 0.5))
    films.add("mlo before", [(150, 190, 40)], view="MLO", role="prior", spacing=(0.5, 0.5))
    [lesion] = films.together().breasts[0].lesions
    assert (len(lesion.marks), lesion.change.change, lesion.change.earlier) == (2, "stable", "cc before")


def test_growth_is_told_in_millimetres(films):
    films.add("now", [(150, 190, 40), (100, 330, 24)], spacing=(0.5, 0.5))
    films.add("before", [(150, 190, 24)], role="prior", spacing=(0.5, 0.5))
    grown, new = films.together().breasts[0].lesions
    assert grown.change.change == "grown"
    assert (grown.change.before_mm, grown.change.now_mm, grown.change.grown_by) == (12.0, 20.0, 8)
    assert (grown.change.prior.job_id, grown.change.prior.finding_id) == ("before", "f1")
    assert (new.change.change, new.change.prior, new.earlier_marks) == ("new", None, [])


def test_growth_that_each_examination_by_itself_would_miss_is_told_since_the_first(films):
    for name, size, role in (("now", 34, "current"), ("latest", 31, "prior"), ("first", 24, "prior")):
        films.add(name, [(150, 190, size)], role=role, spacing=(0.5, 0.5))
    films.add("blank", role="prior", spacing=(0.5, 0.5))
    [lesion] = films.together().breasts[0].lesions
    assert (lesion.change.change, lesion.change.earlier) == ("grown", "first")
    assert [(size.job_id, size.mm) for size in lesion.change.sizes] == [
        ("latest", 15.5),
        ("first", 12.0),
        ("blank", None),
    ]
    assert lesion.change.growth_mm == pytest.approx(5.0, rel=0.05)


def test_an_unchanged_and_a_new_lesion_are_compared_with_the_latest_film(films):
    films.add("now", [(150, 190, 24), (100, 330, 24)])
    films.add("latest", [(150, 190, 24)], role="prior")
    films.add("first", [(150, 190, 23), (100, 330, 24)], role="prior")
    changes = [lesion.change for lesion in films.together().breasts[0].lesions]
    assert [(change.change, change.earlier) for change in changes] == [("stable", "latest"), ("new", "latest")]


def test_of_two_views_the_one_on_which_a_lesion_grew_more_tells_it(films):
    for view, now in (("CC", 30), ("MLO", 40)):
        films.add(f"now{view}", [(150, 190, now)], view=view, spacing=(0.5, 0.5))
        films.add(f"then{view}", [(150, 190, 24)], view=view, role="prior", spacing=(0.5, 0.5))
    [lesion] = films.together().breasts[0].lesions
    assert (lesion.change.earlier, [at.job_id for at in lesion.earlier_marks]) == ("thenMLO", ["thenCC", "thenMLO"])
    assert lesion.change.growth_mm == pytest.approx(8.0, rel=0.05)


def test_growth_is_in_millimetres_where_the_file_says_how_a_film_hangs(films):
    films.add("now", [(150, 190, 26)], spacing=(0.2, 0.2))
    films.add("before", [(150, 190, 21)], role="prior", spacing=(0.2, 0.2))
    for each in films.images:
        each.image.hanging = Hanging()
    [lesion] = films.together().breasts[0].lesions
    assert lesion.change.growth_mm == pytest.approx(1.0, rel=0.1)
    assert lesion.change.change == "stable"  # by a fifth, but less than can be measured


def test_a_prior_that_cannot_be_read_holds_up_nothing_but_keeps_its_view_from_being_called_negative(films):
    for view in ("CC", "MLO"):
        films.add(f"new{view}", [(100, 250, 40)], view=view, p=0.1)
    films.add("gone", [(100, 250, 40)], role="prior")
    films.add("old", [(100, 250, 40)], view="MLO", role="prior")

    def open_image(each):
        if each.job_id == "gone":
            raise ObjectNotFoundError("gone")
        return films.open_image(each)

    request = ExaminationRequest(images=films.images)
    reading = read_together(request, open_image, films.models).reading
    [breast] = reading.breasts
    assert [lesion.change.change for lesion in breast.lesions] == ["stable"]
    assert (reading.not_compared, reading.assessment) == (["gone"], "not_sure")
    assert (breast.assessment, breast.bi_rads) == ("not_sure", 0)
    assert breast.reasons[-1].code == "not_compared"
    films.add("older", [(100, 250, 40)], role="prior")
    another = read_together(ExaminationRequest(images=films.images), open_image, films.models).reading
    assert (another.not_compared, another.assessment) == ([], "no_sign_of_malignancy")
    with pytest.raises(ObjectNotFoundError):
        read_together(
            request.model_copy(update={"images": [films.images[2].model_copy(update={"role": "current"})]}),
            open_image,
            films.models,
        )


def test_a_prior_whose_analysis_failed_is_like_one_that_cannot_be_read(films):
    films.add("new", p=0.1)
    failed = [FailedPrior(job_id=f"old{side}", laterality=side, view="CC") for side in ("L", "R")]
    reading = films.together(failed_priors=failed)
    assert (reading.not_compared, reading.assessment) == (["oldL"], "not_sure"), "there is no film of the other breast"


@pytest.mark.parametrize(("before", "code"), [([], "lesion_new"), ([(150, 190, 24)], "lesion_grown")])
def test_a_breast_whose_lesion_is_new_or_has_grown_is_not_called_negative(films, before, code):
    for view in ("CC", "MLO"):
        films.add(f"now{view}", [(150, 190, 40)], view=view, spacing=(0.5, 0.5), p=0.1)
        films.add(f"then{view}", before, view=view, role="prior", spacing=(0.5, 0.5), p=0.1)
    reading = films.together()
    [breast] = reading.breasts
    assert (reading.assessment, breast.assessment, breast.bi_rads) == ("not_sure", "not_sure", 0)
    assert (breast.reasons[-1].code, breast.reasons[-1].lesion) == (code, 0)
    assert "not called negative" in breasts_in_words([breast], Words("en"))[0][-1]
    [worse] = reading.findings_since().worse
    assert (worse.change, worse.marks) == (code.removeprefix("lesion_"), ["nowCC", "nowMLO"])
    assert worse.mm == (8 if before else None)
    films.add("suspected", p=0.7)
    assert films.together().assessment == "malignancy_suspected", "a suspicious film never lowers it"


def test_a_side_that_a_reader_took_away_does_not_come_back(films):
    films.add("a")
    films.images[0].image = films.images[0].image.model_copy(update={"laterality": None})
    assert films.together().breasts == []


def test_a_film_that_failed_or_has_no_place_clears_nothing(films):
    films.add("a")
    films.results["a"] = films.results["a"].model_copy(
        update={"assessment": "no_sign_of_malignancy", "probability_malignant": 0.05}
    )
    assert films.together().assessment == "no_sign_of_malignancy"
    for failed, left in ((["R"], "no_sign_of_malignancy"), (["R", None], "not_sure")):
        reading = films.together(failed=failed)
        assert reading.assessment == "not_sure"
        told = [(b.laterality, b.views, b.assessment) for b in reading.breasts]
        assert told == [("R", [], "not_sure"), ("L", ["CC"], left)]


def test_a_film_of_another_view_speaks_for_itself(films):
    for name, view in (("c", "CC"), ("m", "MLO"), ("x", "XCCL")):
        films.add(name, view=view)
    clear = {"assessment": "no_sign_of_malignancy", "probability_malignant": 0.05}
    for name in ("c", "m"):
        films.results[name] = films.results[name].model_copy(update=clear)
    [breast] = films.together().breasts
    assert (breast.assessment, breast.probability_malignant, breast.bi_rads) == ("malignancy_suspected", 0.7, 4)
    assert [(r.code, r.probability) for r in breast.reasons if r.code == "film_by_itself"] == [("film_by_itself", 0.7)]
    assert "70%" in breasts_in_words([breast], Words("en"))[0][-1]
    films.results["x"] = films.results["x"].model_copy(update=clear)
    assert films.together().assessment == "no_sign_of_malignancy"


def test_a_film_of_unknown_side_belongs_to_the_examination_but_to_no_breast(films):
    films.add("x", side=None)
    reading = films.together()
    assert (reading.breasts, reading.assessment, reading.probability_malignant) == ([], "malignancy_suspected", 0.7)


def test_calcifications_have_the_place_and_the_distance_that_a_mass_there_would_have(films):
    """Both by the landmarks of their film; they are combined with nothing."""
    for view in ("CC", "MLO"):
        films.add(f"mass{view}", [(150, 120, 24)], view=view, spacing=(0.5, 0.5))
    masses = films.together().breasts[0]
    for view in ("CC", "MLO"):
        films.add(f"mass{view}", [(150, 120, 24), (100, 300, 30)], view=view, spacing=(0.5, 0.5))
        films.results[f"mass{view}"].findings[0].label = "calcification"
    del films.images[:2]
    read = films.together().breasts[0]
    assert len(read.lesions) == 1, "the mass alone"
    for placed, [mass] in zip(
        read.calcifications, [masses.lesions[0].marks[:1], masses.lesions[0].marks[1:]], strict=True
    ):
        assert (placed.mark.finding_id, placed.mark.view) == ("f1", mass.view)
        assert placed.mark.from_nipple_mm == mass.from_nipple_mm
        assert 0 < mass.from_nipple_mm < 150
        assert placed.place.clock is None, "of one view"
    assert read.calcifications[0].place.depth == masses.lesions[0].place.depth, "by the CC film"
    across, along = (placed.place for placed in read.calcifications)
    assert (across.across, across.along) == ("outer", None)
    assert (along.across, along.along) == (None, "upper")


def test_the_distance_from_the_nipple_is_in_mm_of_the_hung_film_or_not_known(films):
    films.add("fine", [(150, 120, 24)], spacing=(0.25, 0.25))
    films.add("rough", [(150, 120, 24)], spacing=(0.5, 0.5))
    films.add("unknown", [(150, 120, 24)])
    marks = {mark.job_id: mark for lesion in films.together().breasts[0].lesions for mark in lesion.marks}
    assert marks["rough"].from_nipple_mm == pytest.approx(2 * marks["fine"].from_nipple_mm)
    assert marks["unknown"].from_nipple_mm is None
