import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo_worker.field_reader import FieldReader
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.operations import OPERATIONS, register
from histo_worker.preprocessing.stain import (
    REFERENCE_STAINS,
    concentrations,
    estimate_stains,
    from_optical_density,
    jitter_stain,
    normalise_stain,
    optical_density,
)
from histo_worker.preprocessing.windows import (
    covering_windows,
    cut_patches,
    random_windows,
    resize_area,
    sliding_windows,
)


class TestOperations:
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_shape_type_and_finite_even_for_a_flat_patch(self, name, field_pixels):
        for patch in (field_pixels[0][:128, :128], np.full((128, 128, 3), 255, np.uint8)):
            out = OPERATIONS[name](patch)
            assert out.shape == patch.shape
            assert out.dtype == np.float32
            assert np.isfinite(out).all()

    def test_whiten_has_mean_0_and_deviation_1(self, field_pixels):
        for name in ("whiten", "clahe_whiten"):
            out = OPERATIONS[name](field_pixels[0])
            assert abs(out.mean()) < 1e-3
            assert abs(out.std() - 1) < 1e-3

    def test_demean_takes_the_mean_of_each_colour(self, field_pixels):
        np.testing.assert_allclose(OPERATIONS["demean"](field_pixels[0]).mean(axis=(0, 1)), 0, atol=1e-4)

    @pytest.mark.parametrize("name", ["pca_whiten", "zca_whiten"])
    def test_pca_and_zca_leave_no_correlation(self, name, field_pixels):
        out = OPERATIONS[name](field_pixels[0]).reshape(-1, 3)
        np.testing.assert_allclose(np.cov(out, rowvar=False), np.eye(3), atol=0.1)

    def test_zca_stays_nearer_to_the_colours_than_pca(self, field_pixels):
        original = OPERATIONS["demean"](field_pixels[0]).ravel()
        likeness = {
            n: np.corrcoef(original, OPERATIONS[n](field_pixels[0]).ravel())[0, 1] for n in ("pca_whiten", "zca_whiten")
        }
        assert likeness["zca_whiten"] > abs(likeness["pca_whiten"])

    def test_clahe_raises_local_contrast(self, field_pixels):
        pale = (200 + field_pixels[0] // 8).astype(np.uint8)
        assert OPERATIONS["clahe"](pale).std() > OPERATIONS["raw"](pale).std()

    def test_a_name_is_taken_once(self):
        with pytest.raises(ValueError, match="raw"):
            register("raw")(OPERATIONS["raw"])


class TestWindows:
    @given(st.integers(64, 900), st.integers(64, 900), st.sampled_from([64, 128, 256, 448]))
    def test_covering_windows_cover_and_fit(self, height, width, side):
        covered = np.zeros((height, width), bool)
        for w in covering_windows(height, width, side):
            assert w.x + w.side <= width
            assert w.y + w.side <= height
            covered[w.y : w.y + w.side, w.x : w.x + w.side] = True
        assert covered.all()

    @pytest.mark.parametrize(("height", "width"), [(100, 100_000), (1_000_000, 100), (3000, 90_000), (50, 40_000)])
    def test_no_more_windows_than_the_largest_number_cover_a_large_image(self, height, width):
        """A strip that is one window high, too."""
        assert 300 < len(covering_windows(height, width, 100, 400)) <= 400

    def test_sliding_windows_step_by_half(self):
        windows = sliding_windows(460, 700, 128)
        assert {w.x for w in windows} == set(range(0, 573, 64))
        assert {w.y for w in windows} == set(range(0, 333, 64))

    def test_random_windows_fit_and_repeat(self):
        first, again = (random_windows(460, 700, 256, 50, np.random.default_rng(3)) for _ in range(2))
        assert first == again
        assert all(w.x + 256 <= 700 and w.y + 256 <= 460 for w in first)

    def test_too_large_a_window_is_refused(self):
        with pytest.raises(ValueError, match="does not fit"):
            sliding_windows(100, 100, 128)

    def test_area_resizing_averages(self):
        checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
        grey = resize_area(np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8), 32, 32)
        assert set(np.unique(grey)) <= {127, 128}

    def test_patches_are_what_lies_under_the_window(self, field_pixels):
        windows = covering_windows(*field_pixels[0].shape[:2], 256)
        patches = cut_patches(field_pixels[0], windows, 256)
        last = windows[-1]
        np.testing.assert_array_equal(patches[-1], field_pixels[0][last.y : last.y + 256, last.x : last.x + 256])


class TestStain:
    def test_density_round_trip(self):
        values = np.arange(256, dtype=np.uint8).reshape(-1, 1).repeat(3, axis=1)
        assert np.abs(from_optical_density(optical_density(values)).astype(int) - values).max() <= 1

    def test_finds_the_dyes_it_was_dyed_with(self):
        rng = np.random.default_rng(0)
        amounts = rng.gamma(1.0, 0.6, (200, 200, 2)).astype(np.float32)
        amounts[rng.random((200, 200)) < 0.3, 0] = 0.02
        found = estimate_stains(amounts @ REFERENCE_STAINS)
        assert found is not None
        assert (
            (found * (REFERENCE_STAINS / np.linalg.norm(REFERENCE_STAINS, axis=1, keepdims=True))).sum(axis=1) > 0.98
        ).all()

    def test_blank_glass_has_no_stains_and_is_left_alone(self):
        glass = np.full((100, 100, 3), 245, np.uint8)
        assert estimate_stains(optical_density(glass)) is None
        np.testing.assert_array_equal(normalise_stain(glass), glass)

    def test_normalising_brings_two_dyeings_together(self, field_pixels):
        field = field_pixels[0]
        other = jitter_stain(field, np.random.default_rng(5), 0.4)
        before = np.abs(field.astype(float).mean((0, 1)) - other.astype(float).mean((0, 1))).sum()
        after = np.abs(
            normalise_stain(field).astype(float).mean((0, 1)) - normalise_stain(other).astype(float).mean((0, 1))
        ).sum()
        assert after < before

    def test_concentrations_explain_the_density(self, field_pixels):
        density = optical_density(field_pixels[0])
        stains = estimate_stains(density)
        assert stains is not None
        rest = density - concentrations(density, stains) @ stains
        assert (rest**2).sum() < 0.05 * (density**2).sum()


class TestAugmentation:
    def test_nothing_asked_changes_nothing(self, field_pixels):
        still = Augmentation(rotation=0, translation=0, shear=0, stretch=1, flip=False, stain=0)
        np.testing.assert_array_equal(still(field_pixels[0], np.random.default_rng(0)), field_pixels[0])

    def test_stretch_stays_in_its_bounds(self):
        only_stretch = Augmentation(rotation=0, translation=0, shear=0, stretch=1.3, flip=False, stain=0)
        rng = np.random.default_rng(0)
        scales = np.array([np.diag(only_stretch.affine(100, 100, rng))[:2] for _ in range(200)])
        assert scales.min() > 1 / 1.3 - 1e-9
        assert scales.max() < 1.3 + 1e-9
        assert scales.max() > 1.25

    def test_the_centre_stays_without_translation(self):
        matrix = Augmentation(translation=0).affine(101, 201, np.random.default_rng(1))
        np.testing.assert_allclose(matrix @ [100, 50, 1], [100, 50, 1], atol=1e-9)

    def test_changes_colour_and_keeps_shape(self, field_pixels):
        changed = Augmentation()(field_pixels[0], np.random.default_rng(0))
        assert changed.shape == field_pixels[0].shape
        assert changed.dtype == np.uint8
        assert not np.array_equal(changed, field_pixels[0])


class TestFieldReader:
    def test_a_window_shows_as_much_tissue_at_every_magnification(self):
        reader = FieldReader(size=224, window=460, window_at="100X")
        assert [reader.sides(m) for m in ("40X", "100X", "200X")] == [[184], [460], [920]]
        assert reader.sides(None) == [184, 460]
        assert FieldReader(size=224, window=460).sides("40X") == [460]

    def test_a_structure_has_one_size_in_the_patches_of_every_magnification(self):
        """A disc of the same tissue: 30 pixels at 40X, 75 at 100X."""
        reader = FieldReader(size=224, window=460, window_at="100X")
        areas = []
        for magnification, radius in (("40X", 30), ("100X", 75)):
            field = np.zeros((460, 700, 3), np.uint8)
            cv2.circle(field, (100, 100), radius, (255, 255, 255), -1)
            [reading] = reader.read(field, magnification)
            areas.append((reading.patches[0][..., 0] > 127).sum())
            assert reading.scale == 1
        assert areas[0] == pytest.approx(areas[1], rel=0.05)

    def test_windows_are_turned_by_quarters_and_their_maps_turned_back(self):
        field = np.random.default_rng(0).integers(0, 256, (460, 700, 3), np.uint8)
        plain, turned = (
            FieldReader(size=32, window=184, turned=turned).read(field, None)[0] for turned in (False, True)
        )
        assert plain.windows == turned.windows
        assert len(plain.patches) > 4
        for i, (as_stored, read) in enumerate(zip(plain.patches, turned.patches, strict=True)):
            np.testing.assert_array_equal(read, np.rot90(as_stored, i % 4))
        maps = [reading.patches[..., 0].astype(np.float32) for reading in (plain, turned)]
        np.testing.assert_array_equal(turned.upright(maps[1]), maps[0])
        np.testing.assert_array_equal(plain.upright(maps[0]), maps[0])

    def test_a_huge_field_of_no_scale_is_shrunk_until_its_patches_are_few_enough(self):
        reader = FieldReader(size=8, window=100, max_patches=20, window_at="100X")
        coarse, fine = reader.read(np.zeros((1000, 1000, 3), np.uint8), None)
        assert len(fine.patches) <= 20
        assert fine.scale < 1
        assert coarse.scale < fine.scale

    def test_patches_of_a_shrunk_field_are_those_of_a_shrunk_copy(self):
        rng = np.random.default_rng(0)
        field = cv2.resize(rng.integers(0, 256, (60, 90, 3), np.uint8), (1350, 900), interpolation=cv2.INTER_CUBIC)
        reading = FieldReader(size=32, window=100, max_patches=20).read(field, None)[0]
        assert reading.scale < 1
        copy = resize_area(field, round(900 * reading.scale), round(1350 * reading.scale))
        assert max(window.x + window.side for window in reading.windows) == copy.shape[1]
        expected = cut_patches(copy, reading.windows, 32).astype(float)
        assert np.abs(reading.patches - expected).mean() < 3
        assert np.abs(reading.patches[::-1] - expected).mean() > 30

    @pytest.mark.parametrize("known", [{"magnification": "100X"}, {"magnification": None, "um_per_pixel": 0.48}])
    def test_a_huge_field_is_read_at_its_scale_in_windows_all_over_it(self, known):
        reader = FieldReader(size=8, window=100, max_patches=20, window_at="100X")
        [reading] = reader.read(np.zeros((1000, 1000, 3), np.uint8), **known)
        assert len(reading.patches) == len(reading.windows) == 16
        assert (reading.scale, reading.share) == (1.0, 0.16)
        assert {window.side for window in reading.windows} == {100}
        edges = [(window.x, window.y) for window in reading.windows]
        assert (min(edges), max(edges)) == ((0, 0), (900, 900))
