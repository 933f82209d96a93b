"""Entry point of the report service: `python -m report.worker`. It renders what inference steps concluded."""

from concurrent.futures import ThreadPoolExecutor

from lobule.contracts.case import RenderRequest, ReportForm
from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Result
from lobule.contracts.steps import Claim
from lobule.queueing import REPORT_QUEUE
from lobule.storage import ObjectNotFoundError, ObjectStore
from lobule.worker.app import Equipment, run_worker
from lobule.worker.inference import RESULT_FILE
from lobule.worker.pipeline import ReportProgress
from report.film_view import PictureHandler
from report.renderer import render, render_case

AT_ONCE: frozenset[ReportForm] = frozenset({"html", "png", "json"})
"""What is rendered, in English, as soon as an image is analysed; all else when somebody asks for it."""

ResultAndFiles = tuple[Result, dict[str, bytes]]


class ReportHandler:
    """Renders what a claim asks for; see `lobule.worker.runner.StepHandler`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __call__(self, claim: Claim, progress: ReportProgress) -> None:
        """Read results and their pictures, render, and store every rendering."""
        progress(0.0, "reading the result")
        if claim.render is not None:
            rendered = self._render(claim.render, progress)
        else:
            assert claim.result_prefix is not None, "a report step is claimed with its result"
            assert claim.analysed_at is not None, "a report step is claimed after the inference ended"
            result, files = self._read(claim.result_prefix)
            progress(0.3, "drawing the report")
            rendered = render(result, files, analysed_at=claim.analysed_at, forms=AT_ONCE)
        with ThreadPoolExecutor(len(rendered)) as several:  # each waits for the disk or the network, not for us
            list(several.map(lambda name: self._store.put(f"{claim.output_prefix}/{name}", rendered[name]), rendered))
        progress(1.0, "done")

    def _render(self, request: RenderRequest, progress: ReportProgress) -> dict[str, bytes]:
        rendered: dict[str, bytes] = {}
        if request.image is not None:
            result, files = self._read(request.image.result_prefix)
            for language in request.languages:
                rendered |= render(
                    result, files, analysed_at=request.image.analysed_at, language=language, forms=request.forms
                )
            return rendered
        assert request.case is not None, "a report is of an image or of a case"
        results = [self._read(image.result_prefix) for image in request.case.images if image.result_prefix]
        for number, language in enumerate(request.languages):
            progress(0.2 + 0.8 * number / len(request.languages), "drawing the report")
            rendered |= render_case(request.case, results, language=language, forms=request.forms)
        return rendered

    def _read(self, prefix: str) -> ResultAndFiles:
        try:
            result = Result.model_validate_json(self._store.get(f"{prefix}/{RESULT_FILE}"))
            names = [result.display.file, *([result.heat_map.file] if result.heat_map else [])]
            return result, {name: self._store.get(f"{prefix}/{name}") for name in names}
        except ObjectNotFoundError as missing:
            raise AnalysisError(
                "internal_error", f"The report cannot be drawn: {missing} is no longer in the object store."
            ) from None


if __name__ == "__main__":
    run_worker(REPORT_QUEUE, lambda store: Equipment(ReportHandler(store), draw_picture=PictureHandler(store)))
