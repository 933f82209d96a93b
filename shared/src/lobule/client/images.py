"""Images and their analyses."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import httpx

from lobule.client.connection import ApiError, Connection
from lobule.contracts.progress import FINAL_STATES, Progress
from lobule.contracts.result import Laterality, Magnification, Modality, Result, View
from lobule.transfer import Watched

ReportFormat = Literal["html", "pdf", "png", "json"]


class Images(Connection):
    """Images and their analyses."""

    def upload(
        self,
        file: Path,
        modality: Modality,
        *,
        magnification: Magnification | None = None,
        view: View | None = None,
        laterality: Laterality | None = None,
        study_date: date | None = None,
        case_id: str | None = None,
        replaces: str | None = None,
        accept_other_patient: bool = False,
        file_name: str | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> str:
        """Upload an image for analysis.

        Args:
            file: The image.
            modality: What it is.
            magnification: Of a histology field, where known.
            view: Of a mammogram, where known.
            laterality: Of a mammogram, where known.
            study_date: Day of the examination, where the file does not say it.
            case_id: The case that the image belongs to.
            replaces: An image of the case whose place this one takes.
            accept_other_patient: Add the file although it names another patient than those of the case.
            file_name: What to call it, where not as the file is called.
            sent: Called with the bytes sent since the last call.

        Returns:
            The job's id; for an image that was uploaded before, the id of its newest job.

        Raises:
            ApiError: Where the server refuses the image; `other_patient` where it names another patient than its case.
            OSError: Where the file cannot be read.
        """
        options = {
            "modality": modality,
            "case_id": case_id,
            "magnification": magnification,
            "view": view,
            "laterality": laterality,
            "study_date": study_date and study_date.isoformat(),
            "replaces": replaces,
            "accept_other_patient": "true" if accept_other_patient else None,
        }
        fields = {name: value for name, value in options.items() if value is not None}

        def send() -> httpx.Response:
            with file.open("rb") as stream:
                body = cast(BinaryIO, Watched(stream, sent)) if sent else stream
                return self.once("POST", "/api/v1/images", data=fields, files={"file": (file_name or file.name, body)})

        try:
            answer = self.patiently(send)
        except ApiError as error:
            if error.code == "duplicate_image":
                return str(error.problem["existing_job_id"])
            raise
        return str(answer.json()["job"]["id"])

    def each_image(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Every image that you may see, page after page; `wanted` are the filters of `GET /api/v1/images`."""
        return self.pages("/api/v1/images", **wanted)

    def image(self, image_id: str) -> dict[str, Any]:
        """One image."""
        return self.call("GET", f"/api/v1/images/{image_id}")

    def image_content(self, image_id: str) -> bytes:
        """The file of an image, as it was uploaded."""
        return self.request("GET", f"/api/v1/images/{image_id}/content").content

    def correct_image(self, image_id: str, **correction: Any) -> dict[str, Any]:
        """Correct the description of an image, such as `view="CC"`; `case_id=None` takes it out of its case."""
        return self.call("PATCH", f"/api/v1/images/{image_id}", json=correction)

    def losses_of_image(self, image_id: str) -> dict[str, Any]:
        """What removing an image would take with it, and in `refused` why it would be refused now."""
        return self.call("GET", f"/api/v1/images/{image_id}/deletion")

    def remove_image(self, image_id: str) -> None:
        """Remove an image with its analyses.

        Raises:
            ApiError: `image_signed` where a signed report keeps it.
        """
        self.request("DELETE", f"/api/v1/images/{image_id}")

    def analyses(self, image_id: str) -> list[dict[str, Any]]:
        """Every analysis of an image, newest first."""
        return self.call("GET", f"/api/v1/images/{image_id}/jobs")

    def analyse_again(self, image_id: str) -> str:
        """Analyse an image again, such as with a new model; gives the id of the job."""
        return str(self.call("POST", f"/api/v1/images/{image_id}/jobs")["id"])

    def each_job(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Every job that you may see, page after page; `wanted` are the filters of `GET /api/v1/jobs`."""
        return self.pages("/api/v1/jobs", **wanted)

    def job(self, job_id: str) -> dict[str, Any]:
        """One job."""
        return self.call("GET", f"/api/v1/jobs/{job_id}")

    def progress(self, job_id: str) -> Progress:
        """The progress of a job."""
        return Progress.model_validate_json(self.request("GET", f"/api/v1/jobs/{job_id}/progress").content)

    def follow(self, job_id: str, pause: Callable[[float], None]) -> Iterator[Progress]:
        """Yield a job's progress until the job has ended.

        Args:
            job_id: The job.
            pause: Sleeps for a number of seconds, such as `time.sleep`.
        """
        while True:
            progress = self.progress(job_id)
            yield progress
            if progress.state in FINAL_STATES:
                return
            pause((progress.poll_after_ms or 1000) / 1000)

    def result(self, job_id: str) -> Result:
        """The result of a job."""
        return Result.model_validate_json(self.request("GET", f"/api/v1/jobs/{job_id}/result").content)

    def picture(self, job_id: str, name: str) -> bytes:
        """A picture of a result, PNG; the result says what it is called."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/result/{name}").content

    def thumbnail(self, job_id: str) -> bytes:
        """A small JPEG of the image as it hangs."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/thumbnail").content

    def report(self, job_id: str, format: ReportFormat) -> bytes:
        """The report of a job that is done."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/report", params={"format": format}).content

    def retry(self, job_id: str) -> None:
        """Try a job that did not finish again."""
        self.request("POST", f"/api/v1/jobs/{job_id}/retry")

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        self.call("POST", f"/api/v1/jobs/{job_id}/cancel")
