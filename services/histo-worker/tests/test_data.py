import shutil
from pathlib import Path

import numpy as np
import pytest

from histo_worker.data.batches import PatchBatches, crop_field
from histo_worker.data.breakhis import find_fields, parse_name
from histo_worker.data.check import check_data
from histo_worker.data.folds import given_folds, grouped_folds, reference_trials
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.operations import OPERATIONS
from lobule.imaging.decode import decode_rgb


class TestNames:
    def test_reads_every_part(self):
        field = parse_name(Path("SOB_M_DC-14-13418DE-400-012.png"))
        assert (field.label, field.tumor_type, field.slide, field.patient) == ("malignant", "DC", "14-13418DE", "13418")
        assert (field.magnification, field.sequence, field.target) == ("400X", 12, 1)

    @pytest.mark.parametrize(
        "name", ["holiday.png", "SOB_B_DC-14-1-100-001.png", "SOB_M_DC-14-1-150-001.png", "SOB_M_XX-14-1-100-001.png"]
    )
    def test_refuses_what_is_none(self, name):
        with pytest.raises(ValueError, match=name.replace(".", r"\.")):
            parse_name(Path(name))

    def test_agrees_with_the_index(self, breakhis, fields):
        lines = (breakhis / "index.csv").read_text().splitlines()[1:]
        rows = {line.split(",")[0].rsplit(".", 1)[0]: line.split(",") for line in lines}
        assert len(fields) == len(rows)
        for f in fields:
            assert [f.label, f.tumor_type, f.slide, f.patient, f.magnification] == rows[f.name][1:6]

    def test_reads_the_original_tree(self, tmp_path, fields):
        for f in fields[:5]:
            folder = tmp_path / "SOB" / f.tumor_type / f.slide / f.magnification
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(f.path, folder / f.path.name)
        assert [f.name for f in find_fields(tmp_path)] == sorted(f.name for f in fields[:5])

    def test_says_when_there_is_nothing(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            find_fields(tmp_path)


class TestFolds:
    def test_no_patient_on_both_sides(self, fields):
        for seed in range(3):
            tested = []
            for train, test in grouped_folds(fields, 5, seed):
                assert not {fields[i].patient for i in train} & {fields[i].patient for i in test}
                assert {fields[i].label for i in test} == {"benign", "malignant"}
                tested += test.tolist()
            assert sorted(tested) == list(range(len(fields)))

    def test_seeds_matter_and_repeat(self, fields):
        first, again, other = (grouped_folds(fields, 5, s)[0][1].tolist() for s in (1, 1, 2))
        assert first == again != other

    def test_report_trials_hold_a_quarter_of_the_patients(self, fields):
        trials = reference_trials(fields)
        patients = {f.patient for f in fields}
        assert len(trials) == 4
        for train, test in trials:
            held = {fields[i].patient for i in test}
            assert not held & {fields[i].patient for i in train}
            assert abs(len(held) / len(patients) - 0.25) < 0.06
        assert set.union(*({fields[i].patient for i in test} for _, test in trials)) == patients

    def test_official_folds_are_by_patient(self, breakhis, fields):
        for listing in sorted((breakhis / "folds").glob("dsfold*.txt")):
            folding = given_folds(fields, listing)
            ((train, test),) = folding.repetitions[0]
            assert (folding.listing, folding.folds) == (listing.name, 1)
            assert len(test) > 0
            assert not {fields[i].patient for i in train} & {fields[i].patient for i in test}

    def test_own_folds_come_from_a_csv(self, tmp_path, fields):
        patients = sorted({f.patient for f in fields})
        fold_of = {patient: ("train", "one", "two")[i % 3] for i, patient in enumerate(patients)}
        rows = [f"{f.name},{fold_of[f.patient]}" for f in fields]
        (tmp_path / "folds.csv").write_text("\ufefffile,fold\n" + "\n".join(rows), "utf-8")
        splits = given_folds(fields, tmp_path / "folds.csv").repetitions[0]
        for name, (train, test) in zip(("one", "two"), splits, strict=True):
            assert {fold_of[fields[i].patient] for i in test} == {name}
            assert len(train) + len(test) == len(fields)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a|b|1|train\nnonsense|", "line 2"),
            ("file,side\n", "columns file, fold"),
            ("file,fold\nx,train\n", "does not name"),
        ],
    )
    def test_folds_that_do_not_fit_are_told(self, tmp_path, fields, text, said):
        (tmp_path / "fold.txt").write_text(text)
        with pytest.raises(ValueError, match=said):
            given_folds(fields, tmp_path / "fold.txt")

    def test_folds_without_a_test_are_told(self, tmp_path, fields):
        (tmp_path / "fold.csv").write_text("file,fold\n" + "\n".join(f"{f.name},train" for f in fields))
        with pytest.raises(ValueError, match="tests none"):
            given_folds(fields, tmp_path / "fold.csv")


class TestCheck:
    def test_counts_the_shared_set(self, breakhis):
        check = check_data(breakhis, breakhis / "folds" / "dsfold1.txt")
        assert (check.counts["100X", "benign"], check.counts["100X", "malignant"]) == (202, 216)
        assert check.patients == 32
        assert not check.doubled
        assert len(check.missing) + check.counts.total() == 7909

    def test_finds_doubled_and_foreign_files(self, tmp_path):
        for name in ("a/SOB_B_A-14-22549AB-100-001.png", "b/SOB_B_A-14-22549AB-100-001.png", "b/holiday.png"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        check = check_data(tmp_path)
        assert check.counts.total() == 1
        assert check.doubled == ["SOB_B_A-14-22549AB-100-001"]
        assert check.foreign == ["holiday.png"]
        assert any("doubled: 1" in line for line in check.lines())


class TestBatches:
    def test_shapes_balance_and_repeatability(self, fields):
        some = [*fields[:2], *fields[-2:]]

        def batches(seed):
            return PatchBatches(some, "random", 128, 64, 16, OPERATIONS["raw"], Augmentation(), seed)

        same = batches(0)
        patches, targets = same(3)
        assert patches.shape == (16, 64, 64, 3)
        assert patches.dtype == np.float32
        assert sorted(targets.tolist()) == [0.0] * 8 + [1.0] * 8
        same(4)
        for again in (same(3), batches(0)(3)):
            np.testing.assert_array_equal(patches, again[0])
        for other in (same(4), batches(1)(3)):
            assert not np.array_equal(patches, other[0])

    @pytest.mark.parametrize("cropping", ["random", "sliding", "resizing"])
    def test_a_field_smaller_than_the_window_is_read_whole(self, cropping, fields):
        pixels = decode_rgb(fields[0].path.read_bytes())[:100, :150]
        assert crop_field(pixels, cropping, 256, 64, np.random.default_rng(0)).shape[1:] == (64, 64, 3)
