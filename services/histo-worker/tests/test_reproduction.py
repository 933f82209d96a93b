import shutil

import numpy as np
import pytest

from histo_worker.evaluation.cross_validation import OutOfFold, auc_difference, measure_band
from histo_worker.evaluation.package import evaluate_package
from histo_worker.reproduction import magnifications, networks
from histo_worker.reproduction.document import costs, left_out, read_sections, reproduce, write_document
from histo_worker.settings import HistoSettings
from lobule.contracts.result import Thresholds
from lobule_ml.evaluation.statistics import patient_auc


class TestDocument:
    def test_a_section_replaces_itself_alone(self, tmp_path, fields):
        document = tmp_path / "results" / "x.md"
        write_document(document, fields, {"baselines": "## B\n\nold", "heads": "## H"})
        parts = read_sections(document)
        assert parts == {"heads": "## H", "baselines": "## B\n\nold"}
        write_document(document, fields, parts | {"baselines": "## B\n\nnew"})
        assert read_sections(document) == {"heads": "## H", "baselines": "## B\n\nnew"}
        assert document.read_text().index("## H") < document.read_text().index("## B")

    def test_the_cost_is_what_the_document_took(self, tmp_path, fields):
        document = tmp_path / "x.md"
        write_document(document, fields, {"heads": "## H\n\nWritten by `histo-worker reproduce` in 26 min."})
        said = [*costs(document, ["heads", "baselines"])]
        assert said[0] == "heads: 26 minutes last time"
        assert said[1] == "baselines: not measured before"
        assert said[2].startswith("About 26 minutes in all for those, on")
        assert [*costs(tmp_path / "none.md", ["heads"])] == ["heads: not measured before"]

    def test_an_unknown_section_is_refused(self, tmp_path, breakhis):
        with pytest.raises(ValueError, match="there is no section nonsense"):
            reproduce(breakhis, tmp_path, tmp_path / "x.md", ["nonsense"], None)

    @pytest.mark.parametrize(
        ("section", "needs"), [("magnifications", "--more$"), ("laboratories", "--more and --dyes")]
    )
    def test_a_section_is_refused_without_what_it_needs(self, tmp_path, breakhis, section, needs):
        with pytest.raises(ValueError, match=f"the section {section} needs {needs}"):
            reproduce(breakhis, tmp_path, tmp_path / "x.md", [section], None)

    @pytest.mark.parametrize(
        ("dyes", "said"),
        [
            (["slide.tiff"], r"'slide\.tiff' is not NAME=PATH"),
            (["a|b=slide.tiff"], r"the name 'a\|b' has"),
            (["a\nb=slide.tiff"], "the name .* has"),
            (["a=one.tiff", "a=two.tiff"], "two sources of dyes have the name a"),
        ],
    )
    def test_a_name_of_dyes_that_no_table_can_show_is_refused(self, tmp_path, breakhis, dyes, said):
        with pytest.raises(ValueError, match=said):
            reproduce(breakhis, tmp_path, tmp_path / "x.md", ["laboratories"], None, breakhis, dyes)

    def test_what_is_missing_is_told_before_a_section_runs(self, tmp_path, breakhis, toy_weights):
        with pytest.raises(FileNotFoundError, match="give the folder of the pretrained weights of densenet121"):
            reproduce(breakhis, tmp_path, tmp_path / "x.md", ["baselines", "heads"], None)
        every = [breakhis, toy_weights, tmp_path / "x.md", ["baselines", "laboratories"], None]
        with pytest.raises(FileNotFoundError, match="none does not exist"):
            reproduce(*every, tmp_path / "none", [f"a={breakhis}"])
        with pytest.raises(FileNotFoundError, match="none does not exist"):
            reproduce(*every, breakhis, [f"a={tmp_path / 'none'}"])
        assert not (tmp_path / "x.md").exists()

    def test_too_few_patients_are_told(self, tmp_path, fields):
        for field in fields[:3]:
            shutil.copy(field.path, tmp_path)
        with pytest.raises(ValueError, match="at least 5 benign patients; the data have 1"):
            reproduce(tmp_path, tmp_path, tmp_path / "x.md", ["baselines"], None)

    def test_sections_without_their_options_are_named(self):
        assert [*left_out(["heads"], None, None)] == [
            "magnifications: left out, because it needs --more",
            "laboratories: left out, because it needs --more and --dyes",
        ]


@pytest.fixture(scope="module")
def oofs(fields):
    """Two stubs on the same fields: one that ranks well, one that guesses."""
    at = [f for f in fields if f.magnification == "100X"]
    target = np.array([f.target for f in at])
    rng = np.random.default_rng(0)
    good = target + rng.normal(0, 0.7, (2, len(at)))
    noise = rng.normal(0, 1, (2, len(at)))
    return [OutOfFold(at, (0, 1), 5, x, 1 / (1 + np.exp(-2 * (x - 0.5)))) for x in (good, noise)]


def test_paired_difference_has_an_interval_over_patients(oofs):
    value, low, high = auc_difference(oofs[0], oofs[1], "100X")
    assert 0.2 < low < value < high < 0.6
    assert auc_difference(oofs[0], oofs[0], "100X") == (0, 0, 0)


def test_measures_carry_value_and_interval(oofs):
    measured = oofs[0].measure("100X")
    assert {"image_auc", "image_f1", "image_ece", "patient_accuracy", "patient_auc"} <= measured.keys()
    for one in measured.values():
        assert one["interval"][0] <= one["interval"][1]
    assert measured["image_auc"]["value"] > 0.8


def test_band_counts_by_hand(fields):
    four = [f for f in fields if f.target][:2] + [f for f in fields if not f.target][:2]
    oof = OutOfFold(four, (0,), 5, np.zeros((1, 4)), np.array([[0.9, 0.1, 0.1, 0.5]]))
    band = measure_band(oof, Thresholds(low=0.2, high=0.8))
    assert band == {
        "answered": 0.75,
        "sensitivity_outside": 0.5,
        "specificity_outside": 1.0,
        "malignant_cleared": 0.5,
        "benign_suspected": 0.0,
    }


def test_patient_auc_ranks_means():
    assert patient_auc([1, 1, 0, 0], [0.9, 0.1, 0.4, 0.4], ["a", "a", "b", "c"]) == 1.0


def test_network_tables_have_a_row_for_every_cell(fields, monkeypatch):
    """Training is tested elsewhere; here stubs provide its scores, and the layouts of the thesis' tables are
    checked."""
    at = [f for f in fields if f.magnification == "100X"][::5]
    rng = np.random.default_rng(0)

    def score(config, given, cache):
        return networks._Scored(list(given), [rng.normal(f.target - 0.5, 0.5, 6) for f in given])

    monkeypatch.setattr(networks, "_score", score)
    lines = list(networks.networks_section(at, None))
    rows = [line for line in lines if line.startswith("| ") and "---" not in line]
    assert len(rows) == 4 + 7 + 7 + 4 + 5  # headers, preprocessing, structure, segmentation, rules
    for name in (*networks.PREPROCESSING, *networks.STRUCTURES, *networks.BEST_RULES):
        assert any(row.startswith(f"| {name} |") for row in rows)
    widths = {line.count("|") for line in rows[:8]}
    assert len(widths) == 1


def test_each_magnification_is_measured_learned_from_one_folder_and_from_both(fields, monkeypatch):
    """Stubs are the features of a network: one that tells the classes apart, and noise."""
    learned = []
    fit = magnifications.fit_head

    def features(_config, every, *_):
        rng = np.random.default_rng(0)
        target = np.array([f.target for f in every])
        made = np.column_stack([target + rng.normal(0, 0.3, len(every)), rng.normal(size=len(every))])
        return made, made

    def counted(config, fields, features):
        learned.append(len(fields))
        return fit(config, fields, features)

    monkeypatch.setattr(magnifications, "features_of_head", features)
    monkeypatch.setattr(magnifications, "fit_head", counted)
    shipped = [f for f in fields if f.magnification == "100X"]
    more = [f for f in fields if f.magnification != "100X"]
    lines = list(magnifications.magnifications_section(shipped, more, None, None))
    rows = [line for line in lines if line.startswith(("| the first", "| both"))]
    assert [row.split("|")[1:3] for row in rows] == [
        [f" {words} ", f" {magnification} "]
        for words in ("the first folder (3.2)", "both folders (ships)")
        for magnification in ("40X", "100X", "200X")
    ]
    assert {line.count("|") for line in rows} == {10}
    folds = 5 * len(magnifications.SEEDS)
    assert sum(learned[:folds]) == 4 * len(magnifications.SEEDS) * len(shipped)
    assert sum(learned[folds:]) == 4 * len(magnifications.SEEDS) * len(fields)


def test_evaluate_writes_three_levels(fields, tmp_path, shared_evaluation):
    folder = tmp_path / "fields"
    folder.mkdir()
    at = [f for f in fields if f.magnification == "100X"]
    for f in at[::40]:
        shutil.copy(f.path, folder / f.path.name)
    damaged = folder / at[1].path.name
    damaged.write_bytes(b"no picture")
    refused = []
    lines = list(evaluate_package(HistoSettings(), folder, tmp_path / "out", refused))
    assert len(refused) == 1
    assert refused[0].startswith(f"{damaged}: unsupported_format: ")
    levels = [line.split("|")[2].strip() for line in lines if line.startswith("| 100X")]
    assert levels == ["patch", "image", "patient"]
    assert any("get an answer" in line for line in lines)
    assert (tmp_path / "out" / "100X-roc.png").exists()
