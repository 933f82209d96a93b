"""Prometheus metrics of the node."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dicom_node.journal import merges, outgoing, received, retention, studies
from dicom_node.journal.database import Journal
from lobule.certificate_metric import certificate_end

associations = Counter("lobule_dicom_associations", "Associations, by what became of them", ["outcome"])
objects = Counter("lobule_dicom_objects", "Objects that were sent to us, by the status of our answer", ["status"])
objects.labels("A700")  # 0 from the start: Prometheus sees no increase where a series begins with a refusal
sendings = Counter("lobule_dicom_sendings", "Results sent to destinations, by outcome", ["outcome"])
result_failures = Counter("lobule_dicom_result_failures", "Results that could not be made yet, by code", ["code"])
commitments = Counter("lobule_dicom_commitments", "Storage commitments, by what became of them", ["outcome"])
orders = Counter("lobule_dicom_orders", "Orders that were sent to us, by what became of them", ["outcome"])
prior_searches = Counter("lobule_dicom_prior_searches", "Looks for priors, by what became of them", ["outcome"])
prior_films = Counter("lobule_dicom_prior_films", "Films that were fetched as priors, by outcome", ["outcome"])
work_items = Counter("lobule_dicom_work_items", "Work items of a UPS-RS server, by what became of them", ["outcome"])
delivery_failures = Counter("lobule_dicom_delivery_failures", "Deliveries to the gateway that failed", ["code"])


class JournalCollector(Collector):
    """Collects metrics from the journal at each scrape.

    Args:
        journal: The journal.
        free_bytes: Returns the free space of the node's disk.
        certificate: The node's certificate; None without TLS.
        retention: Whether the node deletes old objects.
    """

    def __init__(
        self, journal: Journal, free_bytes: Callable[[], int], *, certificate: Path | None, retention: bool
    ) -> None:
        self._journal, self._free_bytes = journal, free_bytes
        self._certificate, self._retention = certificate, retention

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Query the journal."""
        with self._journal.reading() as database:
            by_state, of_studies = received.counts(database), studies.counts(database)
            of_sendings, of_merges = outgoing.counts(database), merges.counts(database)
            oldest = received.oldest_waiting(database)
            swept = retention.last_run(database) if self._retention else None
        held = GaugeMetricFamily("lobule_dicom_received", "Objects in the journal, by state", labels=["state"])
        for state, count in by_state.items():
            held.add_metric([state], count)
        yield held
        known = GaugeMetricFamily("lobule_dicom_studies", "Studies in the journal, by state", labels=["state"])
        for state, count in of_studies.items():
            known.add_metric([state], count)
        yield known
        sent = GaugeMetricFamily("lobule_dicom_results", "Results by what became of their sending", labels=["state"])
        for state, count in of_sendings.items():
            sent.add_metric([state], count)
        yield sent
        merged = GaugeMetricFamily(
            "lobule_dicom_merges", "Merges of patients, by what the gateway knows", labels=["state"]
        )
        for state, count in of_merges.items():
            merged.add_metric([state], count)
        yield merged
        age = 0.0 if oldest is None else max(0.0, time.time() - oldest)
        yield GaugeMetricFamily("lobule_dicom_waiting_seconds", "Age of the oldest object that waits", value=age)
        free = self._free_bytes()
        yield GaugeMetricFamily("lobule_dicom_free_bytes", "Free disk below journal and objects", value=free)
        if swept is not None:
            what = "When the node's last retention run was"
            yield GaugeMetricFamily("lobule_dicom_retention_timestamp_seconds", what, value=swept)
        what = "When the node's certificate ends"
        yield from certificate_end(self._certificate, "lobule_dicom_certificate_end_timestamp_seconds", what)
