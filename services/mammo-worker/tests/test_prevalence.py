"""How frequent cancer is at a site."""

import pytest
from typer.testing import CliRunner

from mammo_worker.cli import app
from mammo_worker.examination.prevalence import SitePrevalence, read_prevalence
from mammo_worker.settings import MammoSettings


def learn(table, text):
    table.write_text(text)
    return CliRunner().invoke(app, ["prevalence", str(table)])


def test_setting_is_printed_and_read(tmp_path, monkeypatch):
    rows = "".join(f"E{i} L,{int(i < 3)}\nE{i} R,no\n" for i in range(500))
    done = learn(tmp_path / "cases.csv", f"breast,cancer\n{rows}E500 L,\n")
    assert done.exit_code == 0, done.output
    assert "3 cancers in 1000 breasts" in done.stderr
    assert "0.00600, 95 % interval 0.00204 to 0.01757" in done.stderr
    name, value = done.stdout.strip().split("=")
    monkeypatch.setenv(name, value)
    assert MammoSettings().prevalence == 0.006


def test_interval_is_wilsons():
    low, high = SitePrevalence(200, 10).interval()
    assert (low / 2, high / 2) == pytest.approx((0.02738, 0.08958), abs=1e-5)  # as statsmodels' proportion_confint
    assert SitePrevalence(50, 0).interval()[0] == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("breast\nE1\n", "lacks the columns cancer"),
        ("breast,cancer\nE1 L,1\nE1 L,0\n", "line 3: 'E1 L' is already in line 2"),
        ("breast,cancer\nE1 L,perhaps\n", "'perhaps' is not 1 or 0"),
        ("breast,cancer\nE1 L,\n", "no breast with a known outcome"),
        ("breast,cancer\nE1 L,0\n", "cannot be a site's prevalence"),
        ("breast,cancer\nE1 L,1\n", "cannot be a site's prevalence"),
    ],
)
def test_what_is_no_prevalence_is_told(tmp_path, text, words):
    done = learn(tmp_path / "cases.csv", text)
    assert done.exit_code == 1
    assert words in done.stderr.replace("\n", " ")
    assert done.stdout == ""


def test_missing_table(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_prevalence(tmp_path / "none.csv")
