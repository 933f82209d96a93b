"""Entry point of the report service: `python -m report.worker`. It renders what an inference step concluded."""

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Result
from lobule.contracts.steps import Claim
from lobule.queueing import REPORT_QUEUE
from lobule.storage import ObjectStore
from lobule.worker.app import Equipment, run_worker
from lobule.worker.inference import RESULT_FILE
from lobule.worker.pipeline import ReportProgress
from report.renderer import render


class ReportHandler:
    """Renders the result of a claimed job; see `lobule.worker.runner.StepHandler`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __call__(self, claim: Claim, progress: ReportProgress) -> None:
        """Read the result and its pictures, render, and store every rendering."""
        if claim.render is not None:
            raise AnalysisError("internal_error", "This kind of report cannot be rendered yet.")
        assert claim.result_prefix is not None, "a report step is claimed with its result"
        assert claim.analysed_at is not None, "a report step is claimed after the inference ended"
        progress(0.0, "reading the result")
        result = Result.model_validate_json(self._store.get(f"{claim.result_prefix}/{RESULT_FILE}"))
        names = [result.display.file, *([result.heat_map.file] if result.heat_map else [])]
        files = {name: self._store.get(f"{claim.result_prefix}/{name}") for name in names}
        progress(0.3, "drawing the report")
        for name, content in render(result, files, analysed_at=claim.analysed_at).items():
            self._store.put(f"{claim.output_prefix}/{name}", content)
        progress(1.0, "done")


if __name__ == "__main__":
    run_worker(REPORT_QUEUE, lambda store: Equipment(ReportHandler(store)))
