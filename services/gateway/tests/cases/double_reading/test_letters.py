"""Readers who draw apart: each finding keeps the letter that its reader's comment names."""

import pytest
from reading_by_two import RECALL

from gateway.reader_findings import service


def letters(content: dict) -> dict[str, list[int]]:
    """The numbers of what each reader drew."""
    found: dict[str, list[int]] = {}
    for drawn in content["images"][0]["reader_findings"]:
        found.setdefault(drawn["author"], []).append(drawn["number"])
    return found


@pytest.mark.parametrize("first_to_sign", ["alice", "bob"])
def test_letters_stay_if_both_draw_before_either_has_signed(here, read, mark, first_to_sign):
    drawn: dict[str, list[int]] = {"alice": [], "bob": []}
    for name in ("alice", "bob", "alice"):
        said, answer = mark(name)
        assert said.status_code == 200
        drawn[name].append(answer.json()["number"])
    assert drawn == {"alice": [1, 2], "bob": [14]}, "Alice began"
    for name in sorted(drawn, key=lambda name: name != first_to_sign):
        assert read(name, RECALL).status_code == 201
    assert letters(here("GET", "carol", "/reports/1/content").json()) == drawn


def test_letters_tell_only_that_somebody_has_begun(here, shared, mark):
    """A verdict counts as much as a finding, and nobody's later findings change another's letters."""
    assert here("PUT", "alice", f"/reviews/{shared[1]}/f1", json={"verdict": "confirmed"}).status_code == 200
    assert [mark("bob")[1].json()["number"] for _ in range(2)] == [14, 15]
    assert mark("alice")[1].json()["number"] == 1
    assert mark("carol")[1].json()["number"] == 27


def test_a_reader_who_needs_more_letters_takes_nobody_elses(mark, monkeypatch):
    monkeypatch.setattr(service, "LETTERS", 2)
    numbers = {name: [mark(name)[1].json()["number"] for _ in range(3)] for name in ("alice", "bob")}
    assert numbers == {"alice": [1, 2, 9], "bob": [3, 4, 11]}
