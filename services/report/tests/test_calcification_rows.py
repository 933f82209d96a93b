"""Calcifications in a report: what their kind and their probability are called."""

import pytest

from lobule.words import Words
from report.section import build_section

ENGLISH = Words("en")


@pytest.fixture
def with_cluster(mammogram):
    """The film with its two masses, the second of which is a cluster of calcifications."""
    result, files = mammogram
    mass, other = result.findings
    found = [mass, other.model_copy(update={"label": "calcification"})]
    return result.model_copy(update={"findings": found}), files


def test_a_cluster_is_not_called_a_mass(mammogram, with_cluster, analysed_at):
    section = build_section(with_cluster[0], analysed_at, ENGLISH)
    mass, cluster = section.findings
    assert (mass.kind_name, mass.presence_name) == ("If it is a mass", "Probability of a mass")
    assert cluster.kind == "calcifications (experimental)"
    assert (cluster.kind_name, cluster.presence_name) == ("Kind", "Probability that it is there")
    assert (section.kind_name, section.presence_name) == ("Kind", "Probability that it is there")
    masses = build_section(mammogram[0], analysed_at, ENGLISH)
    assert (masses.kind_name, masses.presence_name) == ("If it is a mass", "Probability of a mass")
