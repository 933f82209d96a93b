"""What research commands refuse is told in a line, without a traceback."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mammo_worker import release
from mammo_worker.cli import app
from mammo_worker.data.readers import cbis_ddsm
from mammo_worker.regions import crops, train
from mammo_worker.regions.network import RegionNetwork
from mammo_worker.regions.plan import RegionPlan


@pytest.mark.parametrize(
    "command",
    [
        "train-regions regions --weights W --cache C --out O",
        "evaluate-regions regions --weights W --runs R --predictions P",
        "release-regions regions --weights W --runs R --package P",
        "train-calcifications calcifications --out O",
        "measure-calcifications calcifications --runs R",
        "evaluate-density --weights W --predictions P",
        "reproduce --output O",
        "recalibrate --docs D --version 1",
    ],
)
def test_reason_is_told_in_a_line(command, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("told why")

    for module, name in ((cbis_ddsm, "cbis_ddsm"), (crops, "cbis_crops"), (release, "recalibrate")):
        monkeypatch.setattr(module, name, refuse)
    done = CliRunner().invoke(app, [*command.split(), "--data", "D"])
    assert (done.exit_code, done.stderr) == (1, "told why\n")


def test_regions_command_says_nothing_but_the_reason(tmp_path):
    """In a process of its own, because TensorFlow writes its start-up lines once."""
    (tmp_path / "boxes.csv").write_text("file,x,y,width\n")
    command = ["-c", "from mammo_worker.cli import main; main()", "regions", "--boxes", "boxes.csv"]
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    said = "boxes.csv lacks the columns height; it needs file,x,y,width,height\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize("option", ["--backbone=vgg", "--height=100"])
def test_table_of_an_impossible_network_is_refused(option):
    done = CliRunner().invoke(app, ["reproduce", "--data", "D", "--output", "O", option])
    assert (done.exit_code, "Invalid value" in done.stderr) == (2, True)


def test_weights_of_another_plan_are_refused(tmp_path):
    train.write_record(tmp_path, RegionPlan(), seed=1, data_sha256="0", examples={})
    with pytest.raises(ValueError, match=r"network\.side"):
        train.load_average(None, tmp_path, RegionPlan(RegionNetwork(side=64)))
