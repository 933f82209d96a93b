"""Prometheus metrics of a worker: durations of steps and stages, failures, and the model in use."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Result
from lobule.contracts.steps import Claim
from lobule.tracing import span
from lobule.worker.gateway_client import LeaseLostError
from lobule.worker.pipeline import ReportProgress
from lobule.worker.runner import StepHandler, failure_of

_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120, 300)

_step_seconds = Histogram("lobule_step_seconds", "Time of a step's work", ["step", "outcome"], buckets=_SECONDS)
_stage_seconds = Histogram("lobule_stage_seconds", "Time of a stage of an analysis", ["stage"], buckets=_SECONDS)
_failures = Counter("lobule_step_failures", "Steps that failed, by the stable code of the failure", ["step", "code"])
_model = Gauge("lobule_model_info", "The model at work; 1", ["modality", "name", "version", "weights_sha256"])


class MeasuredHandler:
    """A step handler with metrics of time and failures; see `lobule.worker.runner.StepHandler`."""

    def __init__(self, handler: StepHandler) -> None:
        self._handler = handler

    def __call__(self, claim: Claim, progress: ReportProgress) -> Mapping[str, str] | None:
        """Run the step."""
        started, code = time.monotonic(), None
        try:
            with span(claim.step, claim.traceparent, job_id=claim.job_id, attempt=claim.attempt):
                return self._handler(claim, progress)
        except BaseException as error:
            code = "lease_lost" if isinstance(error, LeaseLostError) else failure_of(error).code
            raise
        finally:
            outcome = "done" if code is None else "failed"
            _step_seconds.labels(claim.step, outcome).observe(time.monotonic() - started)
            if code is not None:
                _failures.labels(claim.step, code).inc()


def note_model(manifest: ModelManifest) -> None:
    """Record the model in use."""
    _model.labels(manifest.modality, manifest.name, manifest.version, manifest.weights_sha256).set(1)


def observe_stages(result: Result) -> None:
    """Record the time of each stage of an analysis."""
    for stage, seconds in result.timings_s.items():
        _stage_seconds.labels(stage).observe(seconds)


class GpuCollector(Collector):
    """Memory and load of the NVIDIA GPUs that this worker sees; nothing if there is none."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Query the driver at each scrape."""
        try:
            import pynvml  # pyright: ignore[reportMissingImports] - only in images for GPUs

            pynvml.nvmlInit()
        except Exception:  # noqa: BLE001 - without package, driver or card there are no metrics
            return
        used = GaugeMetricFamily("lobule_gpu_memory_used_bytes", "GPU memory in use", labels=["gpu"])
        total = GaugeMetricFamily("lobule_gpu_memory_total_bytes", "GPU memory", labels=["gpu"])
        load = GaugeMetricFamily("lobule_gpu_utilisation_ratio", "Share of time the GPU computed", labels=["gpu"])
        for index in range(pynvml.nvmlDeviceGetCount()):
            card = pynvml.nvmlDeviceGetHandleByIndex(index)
            with suppress(pynvml.NVMLError):  # some cards do not tell one of them, such as the load of a divided card
                memory = pynvml.nvmlDeviceGetMemoryInfo(card)
                used.add_metric([str(index)], float(memory.used))
                total.add_metric([str(index)], float(memory.total))
            with suppress(pynvml.NVMLError):
                load.add_metric([str(index)], pynvml.nvmlDeviceGetUtilizationRates(card).gpu / 100)
        yield from (used, total, load)
