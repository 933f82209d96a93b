"""What the node tells Prometheus about itself."""

import time

import pytest
from dicom_rounds import until


def metrics(node) -> dict[str, float]:
    return {sample.name: sample.value for family in node.collector.collect() for sample in family.samples}


def test_the_last_retention_run(start_node):
    """The sweeper runs at once, and then each hour."""
    node = start_node(dicom_retention_days=90)
    until(lambda: "lobule_dicom_retention_timestamp_seconds" in metrics(node), "a retention run")
    assert metrics(node)["lobule_dicom_retention_timestamp_seconds"] == pytest.approx(time.time(), abs=60)


def test_no_refused_film_is_a_zero_so_that_prometheus_sees_the_first_one(start_node):
    [held] = [each for each in start_node().collector.collect() if each.name == "lobule_dicom_received"]
    told = {sample.labels["state"]: sample.value for sample in held.samples}
    assert told == {"waiting": 0, "delivered": 0, "refused": 0}


def test_a_node_that_keeps_everything_has_no_retention_run(start_node):
    told = metrics(start_node(dicom_retention_days=0))
    assert "lobule_dicom_retention_timestamp_seconds" not in told
    assert "lobule_dicom_certificate_end_timestamp_seconds" not in told, "it has no certificate"
