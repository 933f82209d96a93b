"""The record of a training, which a resumed run must agree with, and configurations from files."""

import json
import sys
from dataclasses import dataclass

import keras
import numpy as np
import pytest

from lobule_ml.training.configuration import load_plan
from lobule_ml.training.record import RECORD_FILE, hash_files, hash_truth, require_plan, write_record


@dataclass(frozen=True)
class Plan:
    rate: float = 0.1


def test_record_names_versions_and_refuses_another_run(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    digest = hash_files([tmp_path / "a"])
    (tmp_path / "a").write_bytes(b"2")
    assert hash_files([tmp_path / "a"]) != digest
    write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2})
    record = json.loads((tmp_path / RECORD_FILE).read_text())
    assert record["plan"] == {"rate": 0.1}
    assert record["versions"]["keras"] == keras.__version__
    write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2})
    with pytest.raises(ValueError, match="plan"):
        write_record(tmp_path, Plan(0.2), seed=1, data_sha256=digest, examples={"films": 2})
    truth = [hash_truth([("a", np.full(4, x))]) for x in (1, 0)]
    write_record(tmp_path / "b", Plan(), seed=1, data_sha256=digest, examples={}, truth_sha256=truth[0])
    with pytest.raises(ValueError, match="truth_sha256"):
        write_record(tmp_path / "b", Plan(), seed=1, data_sha256=digest, examples={}, truth_sha256=truth[1])
    with pytest.raises(ValueError, match="starts_from"):
        write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2}, starts_from="other 12ab")
    always = {"seed": 1, "data_sha256": digest, "examples": {"films": 2}, "always_starts": True}
    write_record(tmp_path, Plan(), starts_from="other 12ab", **always)  # its record is of an earlier version
    write_record(tmp_path / "c", Plan(), starts_from="one 12ab", **always)
    with pytest.raises(ValueError, match="starts_from"):
        write_record(tmp_path / "c", Plan(), starts_from="other 34cd", **always)


def test_a_run_is_read_with_the_plan_that_it_was_trained_with(tmp_path):
    require_plan(tmp_path, Outer())  # a folder without a record is accepted
    write_record(tmp_path, Outer(), seed=1, data_sha256="", examples={})
    require_plan(tmp_path, Outer())
    with pytest.raises(ValueError, match=r"differs in plan\.rate; give"):
        require_plan(tmp_path, Outer(Plan(0.2)))


def test_a_record_of_an_earlier_version_may_lack_values_of_the_plan(tmp_path):
    @dataclass(frozen=True)
    class Several:
        plans: tuple[Plan, ...] = (Plan(), Plan(0.2))

    known = {"seed": 1, "data_sha256": "", "examples": {}}
    write_record(tmp_path, Several(), **known)
    record = json.loads((tmp_path / RECORD_FILE).read_text())
    record["plan"]["plans"][0] = {}
    (tmp_path / RECORD_FILE).write_text(json.dumps(record))
    write_record(tmp_path, Several(), **known)
    require_plan(tmp_path, Several())
    for other, where in ((Several((Plan(), Plan(0.3))), r"plan\.plans\.1\.rate"), (Several((Plan(),)), r"plan\.plans")):
        with pytest.raises(ValueError, match=where):
            write_record(tmp_path, other, **known)


@dataclass(frozen=True)
class Outer:
    plan: Plan = Plan()
    steps: int = 3
    until: int | None = None


def test_configuration_is_a_python_file_with_values_set_anew(tmp_path, monkeypatch):
    text = "import kind\ndef plan():\n    return kind.Outer(steps=4)\n"
    (tmp_path / "mine.py").write_text(text, "utf-8")
    monkeypatch.setitem(sys.modules, "kind", sys.modules[__name__])
    for config in (str(tmp_path / "mine.py"), "mine"):
        assert load_plan(config, Outer, tmp_path, ["plan.rate=1"]) == Outer(Plan(1.0), 4)
        assert load_plan(config, Outer, tmp_path, ["until=2"]).until == 2
        assert load_plan(config, Outer, tmp_path, ["until=2", "until=None"]).until is None


@pytest.mark.parametrize(
    ("config", "change", "said"),
    [
        ("no-such", [], "no configuration"),
        ("other", [], "Outer"),
        ("mine", ["no_such=1"], "no_such"),
        ("mine", ["steps=many"], "int"),
        ("mine", ["steps"], "name=value"),
    ],
)
def test_wrong_configuration_is_told(tmp_path, monkeypatch, config, change, said):
    (tmp_path / "mine.py").write_text("import kind\ndef plan():\n    return kind.Outer()\n", "utf-8")
    (tmp_path / "other.py").write_text("def plan():\n    return 3\n", "utf-8")
    monkeypatch.setitem(sys.modules, "kind", sys.modules[__name__])
    with pytest.raises(ValueError, match=said):
        load_plan(config, Outer, tmp_path, change)
