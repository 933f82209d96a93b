"""The other breast and the earlier film, on drawn breasts with a mass put where the test wants it; and scales."""

import cv2
import numpy as np
import pytest
from drawn_breasts import HEIGHT, WIDTH, breast, shown
from hypothesis import given
from hypothesis import strategies as st

from mammo_worker.examination.asymmetry import compare_breasts
from mammo_worker.examination.priors import same_on_repeated, track
from mammo_worker.examination.scale import STEPS, Population, population_of, populations_of


def compared(this, other):
    return compare_breasts((this.thumbnail, this.anatomy), (other.thumbnail, other.anatomy))


class TestAsymmetry:
    def test_mass_on_one_side_stands_out_where_it_lies(self):
        this, other = shown(breast(0, mass=(110, 200, 22))), shown(breast(1, right=True), side="R")
        found = compared(this, other)
        y, x = np.unravel_index(int(found.difference.argmax()), found.difference.shape)
        assert this.thumbnail.to_frame(np.array([[x, y]]))[0] == pytest.approx([110, 200], abs=20)
        box = this.thumbnail.from_frame(np.array([[90, 180], [130, 220]])).ravel()
        assert found.at(box) > 1
        assert compared(other, this).at(box) < 0

    @pytest.mark.parametrize("scale", [0.85, 1.0, 1.1])
    def test_alike_breasts_of_another_size_differ_little(self, scale):
        this = shown(breast(0))
        alike = compared(this, shown(breast(1, scale=scale, right=True), side="R"))
        with_mass = compared(shown(breast(0, mass=(110, 200, 22))), shown(breast(1, scale=scale, right=True), side="R"))
        assert alike.feature < 0.6 * with_mass.feature
        assert alike.compared.sum() > 0.7 * this.thumbnail.mask.sum()

    def test_mass_on_both_sides_is_no_difference(self):
        mass = (110, 200, 22)
        this, other = shown(breast(0, mass=mass)), shown(breast(1, mass=mass, right=True), side="R")
        box = this.thumbnail.from_frame(np.array([[90, 180], [130, 220]])).ravel()
        assert compared(this, other).at(box) < 0.5

    def test_outside_the_breast_nothing_is_compared(self):
        found = compared(shown(breast(0)), shown(breast(1, right=True), side="R"))
        assert found.at(np.array([0.0, 0.0, 3.0, 3.0])) == 0.0
        assert found.difference[~found.compared].max() == 0


class TestPriors:
    def test_same_finding_is_stable_though_the_breast_is_shown_smaller(self):
        now = shown(breast(0), [(110, 200, 40)])
        before = shown(breast(1, scale=0.9), [(110 * 0.9, 300 - 100 * 0.9, 36)])
        [tracked] = track(now, before)
        assert (tracked.prior, tracked.change) == (0, "stable")
        assert abs(tracked.growth) < 0.15
        assert tracked.growth_mm is None

    def test_growth_in_millimetres(self):
        now, before = (
            shown(breast(s), [m], spacing=0.2, plane="patient") for s, m in ((0, (110, 200, 60)), (1, (112, 205, 40)))
        )
        [tracked] = track(now, before)
        assert tracked.change == "grown"
        assert tracked.sizes_mm == pytest.approx((8.0, 12.0)), "the longest sides, as they are shown"
        assert tracked.growth_mm == pytest.approx(4.0)
        [smaller] = track(before, now)
        assert smaller.change == "smaller"

    def test_millimetres_of_another_plane_are_not_compared(self):
        now = shown(breast(0), [(110, 200, 48)], spacing=0.08, plane="patient")
        before = shown(breast(1), [(112, 205, 40)], spacing=0.1, plane="detector")
        [tracked] = track(now, before)
        assert tracked.growth_mm is None
        assert tracked.growth == pytest.approx(0.2, abs=0.05)

    def test_planes_that_are_not_known_may_differ(self):
        now, before = (shown(breast(s), [(110, 200, size)], spacing=0.2) for s, size in ((0, 60), (1, 40)))
        [tracked] = track(now, before)
        assert (tracked.change, tracked.sizes_mm) == ("grown", None)
        assert tracked.growth == pytest.approx(0.5, abs=0.1)

    def test_growth_is_that_of_the_longest_side(self):
        before = shown(breast(1), [(112, 205, 50)], spacing=0.2, plane="detector")
        [tracked] = track(shown(breast(0), [(110, 200, 70, 50)], spacing=0.2, plane="detector"), before)
        assert tracked.change == "grown"
        assert tracked.growth_mm == pytest.approx(4.0, abs=0.3)
        assert tracked.growth == pytest.approx(0.4, abs=0.05)

    def test_film_that_was_stretched_is_compared_in_its_true_shape(self):
        stretched = cv2.resize(breast(1), (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
        before = shown(stretched, [(110 * HEIGHT / WIDTH, 200, 40 * HEIGHT / WIDTH, 40)])
        now = shown(breast(0), [(110, 200, 40)])
        for one, other in ((now, before), (before, now)):
            [tracked] = track(one, other)
            assert (tracked.change, tracked.growth) == ("stable", pytest.approx(0, abs=0.1))

    def test_small_change_in_millimetres_is_stable_whatever_its_share(self):
        now, before = (shown(breast(s), [(110, 200, 13 - 3 * s)], spacing=0.2, plane="patient") for s in (0, 1))
        assert track(now, before)[0].change == "stable"

    def test_finding_without_a_partner_is_new(self):
        now, before = shown(breast(0), [(110, 200, 40), (150, 400, 40)]), shown(breast(1), [(112, 205, 40)])
        assert [t.change for t in track(now, before)] == ["stable", "new"]
        assert track(now, shown(breast(1)))[0].change == "new"

    def test_finding_beyond_the_earlier_film_cannot_be_compared(self):
        now = shown(breast(0), [(20, 90, 30)])
        before = breast(1)
        before[:200] = 3
        assert track(now, shown(before))[0].change in ("not_comparable", "new")
        blank = shown(np.zeros((HEIGHT, WIDTH), np.uint8))
        assert track(now, blank)[0].change == "not_comparable"

    def test_another_breast_is_refused(self):
        with pytest.raises(ValueError, match="same breast"):
            track(shown(breast(0)), shown(breast(0), side="R"))

    def test_partners_are_the_nearest_together(self):
        now = shown(breast(0), [(110, 200, 40), (110, 230, 40)])
        before = shown(breast(1), [(110, 228, 40), (110, 202, 40)])
        assert [t.prior for t in track(now, before)] == [1, 0]


class TestRepeatedFilms:
    """Films of one view and one day: which marks are one lesion."""

    def test_the_same_place_and_a_similar_size_are_one_lesion(self):
        films = [shown(breast(0), [(110, 200, 40), (150, 400, 30)]), shown(breast(1), [(148, 395, 30), (112, 205, 44)])]
        assert same_on_repeated(films) == [[(0, 0), (1, 1)], [(0, 1), (1, 0)]]

    def test_what_is_elsewhere_or_of_another_size_is_a_lesion_of_its_own(self):
        films = [shown(breast(0), [(110, 200, 20)]), shown(breast(1), [(110, 200, 90), (150, 400, 20)])]
        assert same_on_repeated(films) == [[(0, 0)], [(1, 0)], [(1, 1)]]

    def test_two_marks_of_one_film_are_two_lesions(self):
        both = [(110, 200, 40), (115, 206, 40)]
        films = [shown(breast(seed), marks) for seed, marks in enumerate([both[:1], both, both])]
        lesions = same_on_repeated(films)
        assert sorted(map(len, lesions)) == [2, 3]
        assert all(len({film for film, _ in lesion}) == len(lesion) for lesion in lesions)

    def test_without_a_breast_nothing_is_joined(self):
        blank = shown(np.zeros((HEIGHT, WIDTH), np.uint8), [(110, 200, 40)])
        assert same_on_repeated([blank, shown(breast(0), [(110, 200, 40)]), blank]) == [[(0, 0)], [(1, 0)], [(2, 0)]]


class TestScale:
    def test_tenths_of_the_population_get_equal_places(self):
        p = np.linspace(0, 1, 1000)
        whole = population_of("enriched", p, p > 0.5, 0.5)
        places = [whole.place(v) for v in p]
        assert set(places) == set(range(1, STEPS + 1))
        assert np.bincount(places)[1:].max() <= 105

    def test_where_cancers_are_rare_the_same_number_stands_higher(self):
        chance = np.random.default_rng(0)
        truth = chance.random(2000) < 0.5
        p = np.clip(0.35 + 0.3 * truth + chance.normal(0, 0.1, 2000), 0, 1)
        enriched, screening = population_of("enriched", p, truth, 0.5), population_of("screening", p, truth, 0.006)
        assert screening.place(0.6) == 10 > enriched.place(0.6)

    @given(st.lists(st.floats(0, 1), min_size=9, max_size=9), st.floats(0, 1), st.floats(0, 1))
    def test_more_suspicion_never_stands_lower(self, limits, p, q):
        population = Population("site", 0.02, 0.4, tuple(sorted(limits)), 9)
        low, high = sorted((p, q))
        assert population.place(high) >= population.place(low)
        assert population.probability(high) >= population.probability(low)
        assert 1 <= population.place(p) <= STEPS

    def test_probabilities_follow_the_prevalence(self):
        values = {"probabilities": [0.1, 0.2, 0.7, 0.8, 0.4], "malignant": [False, False, True, True, False]}
        enriched, screening, site = populations_of(values, 0.02)
        assert (enriched.name, screening.name, site.name) == ("enriched", "screening", "site")
        assert enriched.probability(0.7) == pytest.approx(0.7)
        odds = 0.7 / 0.3 * (0.003 / 0.997) / (0.4 / 0.6)  # a cancer in 0.6 % of examinations, of two breasts each
        assert screening.probability(0.7) == pytest.approx(odds / (1 + odds))
        assert screening.probability(0.7) < site.probability(0.7) < 0.7
        assert site.standing(1.0).probability_malignant == 1.0
        assert len(populations_of(values, None)) == 2

    def test_wrong_scales_are_refused(self):
        with pytest.raises(ValueError, match="a truth for each"):
            populations_of({"probabilities": [0.1, 0.2], "malignant": [True]}, None)
        with pytest.raises(ValueError, match="with and without"):
            population_of("screening", np.ones(3), np.ones(3, bool), 0.5)
