"""What research commands refuse is told in a line, without a traceback."""

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


@pytest.mark.parametrize("option", ["--backbone=vgg", "--height=100"])
def test_table_of_an_impossible_network_is_refused(option):
    done = CliRunner().invoke(app, ["reproduce", "--data", "D", "--output", "O", option])
    assert (done.exit_code, "Invalid value" in done.stderr) == (2, True)


def test_weights_of_another_plan_are_refused(tmp_path):
    train.write_record(tmp_path, RegionPlan(), seed=1, data_sha256="0", examples={})
    with pytest.raises(ValueError, match=r"network\.side"):
        train.load_average(None, tmp_path, RegionPlan(RegionNetwork(side=64)))
