"""Entry point of the report service: `python -m report.worker`. It renders reports."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, tzinfo

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from pydantic import ValidationError

from lobule import layout
from lobule.contracts.activity import DONE, activity
from lobule.contracts.case import FORMS_OF_ANALYSIS, LANGUAGE_OF_ANALYSIS, CaseContent, ReportForm
from lobule.contracts.document import is_newer
from lobule.contracts.language import Language
from lobule.contracts.result import Result
from lobule.contracts.steps import Claim, RenderClaim, ReportClaim
from lobule.errors import AnalysisError
from lobule.queueing import REPORT_QUEUE
from lobule.settings import read_settings
from lobule.storage import ObjectNotFoundError, ObjectStore
from lobule.worker.app import WorkerRuntime, run_worker
from lobule.worker.pipeline import ReportProgress
from report.composition import Report, ResultAndFiles, case_report, image_report
from report.document import in_hanging_order
from report.exporters import EXPORTERS
from report.picture_handler import PictureHandler
from report.pictures import check_pictures, draw_thumbnail
from report.settings import ReportSettings

log = structlog.get_logger()


class ReportHandler:
    """Renders what a claim asks for; see `lobule.worker.runner.StepHandler`.

    Args:
        store: The object store of results and reports.
        zone: Time zone of the times in reports.
    """

    def __init__(self, store: ObjectStore, zone: tzinfo = UTC) -> None:
        self._store, self._zone = store, zone

    def __call__(self, claim: Claim, progress: ReportProgress) -> dict[str, str]:
        """Read results and their pictures, render, and store the renderings.

        A form that fails does not stop the others: what can be rendered is stored, and then the first failure is
        raised. The report step of an analysis fails only if no form at all could be rendered: a form that is
        missing is rendered when somebody asks for it, and fails alone if it fails again.

        Returns:
            The SHA-256 of each file of a rendering, by which the gateway knows it when it is opened.
        """
        progress(0.0, activity("reading_result"))
        wanted: list[tuple[Report, ReportForm]] = [
            (report, form) for report, forms in self._reports(claim) for form in forms
        ]
        failures: list[Exception] = []
        files: dict[str, str] = {}
        rendered: dict[str, bytes] = {}
        if isinstance(claim, ReportClaim):
            thumbnail = layout.file_key(claim.output_prefix, layout.THUMBNAIL_FILE)
            rendered[thumbnail] = draw_thumbnail(wanted[0][0].pictures[0].original)
        for number, (report, form) in enumerate(wanted):
            progress(0.3 + 0.7 * number / len(wanted), activity("drawing_report"))
            try:
                content = EXPORTERS[form](report)
            except SoftTimeLimitExceeded:
                raise
            except Exception as failure:  # one failed form must not stop the others; the runner reports the error
                log.exception("form_not_rendered", form=form, language=report.text.language)
                failures.append(failure)
            else:
                rendered[layout.report_key(claim.output_prefix, report.text.language, form)] = content
                files[layout.report_file(report.text.language, form)] = hashlib.sha256(content).hexdigest()
        self._store.put_all(rendered)
        if failures and (isinstance(claim, RenderClaim) or len(failures) == len(wanted)):
            raise failures[0]
        progress(1.0, DONE)
        return files if isinstance(claim, RenderClaim) else {}

    def _reports(self, claim: Claim) -> Iterator[tuple[Report, tuple[ReportForm, ...]]]:
        if isinstance(claim, ReportClaim):
            result, files = self._read(claim.result_prefix)
            report = image_report(result, files, claim.analysed_at, LANGUAGE_OF_ANALYSIS, self._zone)
            yield report, FORMS_OF_ANALYSIS
            return
        if not isinstance(claim, RenderClaim):
            raise AnalysisError("internal_error", "step", step=claim.step)
        request = claim.render
        for language in request.languages:
            if request.case is not None:
                yield self._case_report(request.case, language), tuple(request.forms)
            elif request.image is not None:
                result, files = self._read(request.image.result_prefix)
                yield image_report(result, files, request.image.analysed_at, language, self._zone), tuple(request.forms)

    def _case_report(self, content: CaseContent, language: Language) -> Report:
        """Build the report of a case. Images whose result is missing are listed as not assessed."""
        content = in_hanging_order(content)
        results: list[ResultAndFiles | None] = []
        for image in content.images:
            if image.result_prefix is None:
                continue
            try:
                results.append(self._read(image.result_prefix))
            except AnalysisError:
                log.warning("result_gone", job_id=image.job_id)
                results.append(None)
        return case_report(content, results, language, self._zone)

    def _read(self, prefix: str) -> ResultAndFiles:
        try:
            result = Result.model_validate_json(self._store.get(layout.result_key(prefix)))
            names = [result.display.file, *([result.heat_map.file] if result.heat_map else [])]
            files = {name: self._store.get(layout.file_key(prefix, name)) for name in names}
        except ObjectNotFoundError as missing:
            raise AnalysisError("result_unreadable", "object_missing", name=str(missing)) from None
        except ValidationError as error:
            raise AnalysisError("result_unreadable", "newer" if is_newer(error) else "figures") from None
        check_pictures(result, files)
        return result, files


if __name__ == "__main__":
    zone = read_settings(ReportSettings).zone
    run_worker(REPORT_QUEUE, lambda store: WorkerRuntime(ReportHandler(store, zone), pictures=PictureHandler(store)))
