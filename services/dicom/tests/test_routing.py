"""The rules of a site: which objects are taken, what is answered to the others, and the dry run."""

import pytest
from dicom_peer import send

from dicom_node.commands import run
from dicom_node.routing import Routing, Rule, read_routing
from dicom_node.statuses import Status

RULES = """
not_a_film = "0122"
[[rules]]
name = "biopsies stay out"
action = "refuse"
description = "*biopsy*"
[[rules]]
name = "room 2 is for research"
action = "refuse"
status = "0124"
station = "ROOM2"
calling_ae = "PACS"
[[rules]]
name = "mammograms"
action = "take"
modality = "MG"
[[rules]]
name = "nothing else"
action = "refuse"
"""


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    return file


@pytest.mark.parametrize(
    ("tags", "calling_ae", "rule", "status"),
    [
        ({}, "PACS", "mammograms", None),
        ({"StudyDescription": "Stereotactic BIOPSY left"}, "PACS", "biopsies stay out", 0xA900),
        ({"SeriesDescription": "biopsy"}, "PACS", "biopsies stay out", 0xA900),
        ({"StationName": "room2"}, "PACS", "room 2 is for research", 0x0124),
        ({"StationName": "room2"}, "OTHER", "mammograms", None),
        ({"Modality": "CR"}, "PACS", "nothing else", 0xA900),
    ],
)
def test_the_first_rule_that_fits_decides(rules, make_film, tags, calling_ae, rule, status):
    decided, answer = read_routing(rules).decide(make_film(**tags), calling_ae)
    assert decided is not None
    assert decided.name == rule
    assert (answer and answer.status) == status


def test_what_no_rule_speaks_of_is_taken(make_film):
    routing = Routing(rules=[Rule(name="others", action="refuse", sop_class="1.2.840.10008.5.1.4.1.1.7")])
    assert routing.decide(make_film(), "PACS") == (None, None)


def test_a_sender_is_told_the_rule(start_node, make_film, rules):
    node = start_node(dicom_rules=rules)
    films = [make_film(StudyDescription="biopsy"), make_film(), make_film(PresentationIntentType="FOR PROCESSING")]
    [refused, taken, no_film] = send(node.port, *films)
    assert refused == (Status.NOT_A_FILM, "Refused by rule: biopsies stay out")
    assert taken[0] == Status.SUCCESS
    assert no_film[0] == Status.CLASS_NOT_SUPPORTED, "the status that the file sets for what is no film"


def test_a_dry_run_says_what_would_be_answered(make_film, rules, capsys, tmp_path):
    noise = tmp_path / "noise.dcm"
    noise.write_bytes(b"noise")
    assert (
        run(["rules", "--rules", str(rules), str(make_film()), str(make_film("LCC", StudyDescription="biopsy"))]) == 0
    )
    first, second = [line.split("\t")[1:3] for line in capsys.readouterr().out.splitlines()]
    assert first == ["0000", "mammograms"]
    assert second == ["A900", "biopsies stay out"]
    assert run(["rules", str(noise)]) == 0
    assert capsys.readouterr().out.split("\t")[1] == "C000"


@pytest.mark.parametrize(
    ("text", "said"),
    [("rules = 3", "rules"), ("[[rules]]\nname='x'\naction='drop'", "rules.0.action"), ("= 1", "no TOML")],
)
def test_a_file_that_is_wrong_says_where(tmp_path, capsys, text, said):
    (tmp_path / "rules.toml").write_text(text)
    assert run(["rules", "--rules", str(tmp_path / "rules.toml"), "x"]) == 1
    assert said in capsys.readouterr().err


def test_files_that_are_not_there_or_that_windows_wrote(rules, make_film, tmp_path, capsys):
    rules.write_bytes(b"\xef\xbb\xbf" + rules.read_bytes().replace(b"\n", b"\r\n"))
    assert run(["rules", "--rules", str(rules), str(make_film())]) == 0
    assert run(["rules", "--rules", str(rules), str(tmp_path / "none.dcm")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none.dcm'} is no file\n"
    rules.write_bytes(b"\xff")
    assert run(["rules", "--rules", str(rules), str(make_film())]) == 1
    assert "is no text in UTF-8" in capsys.readouterr().err
