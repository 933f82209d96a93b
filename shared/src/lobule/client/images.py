"""Images and their jobs."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx

from lobule.client.connection import ApiError, Connection
from lobule.contracts.case import ReportForm
from lobule.contracts.progress import FINAL_STATES, Progress
from lobule.contracts.result import Laterality, Magnification, Modality, Result, View
from lobule.transfer import TrackedFile

ReportFormat = ReportForm


class Images(Connection):
    """Operations on images and their jobs."""

    def upload(
        self,
        file: Path,
        modality: Modality,
        *,
        um_per_pixel: float | None = None,
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
            modality: Its modality.
            um_per_pixel: The micrometres a pixel of a histopathology field, if known; takes precedence over the
                scale in the file and the magnification.
            magnification: The objective's magnification of a histopathology field, if known.
            view: The view of a mammogram, if known.
            laterality: The side of a mammogram, if known.
            study_date: The date of the examination, if the file does not contain it.
            case_id: The case that the image belongs to.
            replaces: The id of an image of the case that this one replaces.
            accept_other_patient: Add the file even if it names another patient than the files of the case.
            file_name: The name to send; by default the name of the file.
            sent: A callback that receives the number of bytes sent since its last call.

        Returns:
            The id of the job; for an image that is already stored, the id of its newest job.

        Raises:
            ApiError: The server refuses the image; `other_patient` if it names another patient than its case.
            OSError: The file cannot be read.
        """
        options = {
            "modality": modality,
            "case_id": case_id,
            "um_per_pixel": um_per_pixel and str(um_per_pixel),
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
                body = cast(BinaryIO, TrackedFile(stream, sent)) if sent else stream
                return self.once("POST", "/api/v1/images", data=fields, files={"file": (file_name or file.name, body)})

        try:
            answer = self.with_retries(send)
        except ApiError as error:
            if error.code == "duplicate_image":
                return str(error.problem["existing_job_id"])
            raise
        return str(answer.json()["job"]["id"])

    def each_image(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Iterate over all images that you may see; `filters` are the query parameters of `GET /api/v1/images`."""
        return self.pages("/api/v1/images", **filters)

    def image(self, image_id: str) -> dict[str, Any]:
        """Return an image."""
        return self.call("GET", f"/api/v1/images/{image_id}")

    def image_content(self, image_id: str) -> bytes:
        """Return the stored file of an image, whose hash is the `stored_sha256` of the image.

        DICOM files are stored de-identified and pictures without metadata (docs/names.md).
        """
        return self.request("GET", f"/api/v1/images/{image_id}/content").content

    def correct_image(self, image_id: str, **correction: Any) -> dict[str, Any]:
        """Change fields of an image, such as `view="CC"`; `case_id=None` removes it from its case."""
        return self.call("PATCH", f"/api/v1/images/{image_id}", json=correction)

    def losses_of_image(self, image_id: str) -> dict[str, Any]:
        """Return what `remove_image` would delete; `refused` says why the server would currently refuse it."""
        return self.call("GET", f"/api/v1/images/{image_id}/deletion")

    def remove_image(self, image_id: str) -> None:
        """Delete an image and its jobs.

        Raises:
            ApiError: `image_signed` if a signed report contains the image.
        """
        self.request("DELETE", f"/api/v1/images/{image_id}")

    def analyses(self, image_id: str) -> list[dict[str, Any]]:
        """List the jobs of an image, newest first."""
        return self.call("GET", f"/api/v1/images/{image_id}/jobs")

    def analyse_again(self, image_id: str) -> str:
        """Analyse an image again, for example with a new model; returns the id of the new job."""
        return str(self.call("POST", f"/api/v1/images/{image_id}/jobs")["id"])

    def each_job(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Iterate over all jobs that you may see; `filters` are the query parameters of `GET /api/v1/jobs`."""
        return self.pages("/api/v1/jobs", **filters)

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job."""
        return self.call("GET", f"/api/v1/jobs/{job_id}")

    def progress(self, job_id: str) -> Progress:
        """Return the progress of a job."""
        return Progress.model_validate_json(self.request("GET", f"/api/v1/jobs/{job_id}/progress").content)

    def follow(self, job_id: str, pause: Callable[[float], None]) -> Iterator[Progress]:
        """Yield the progress of a job until the job ends.

        Args:
            job_id: The job.
            pause: A function that waits for a number of seconds, such as `time.sleep`.
        """
        while True:
            progress = self.progress(job_id)
            yield progress
            if progress.state in FINAL_STATES:
                return
            pause((progress.poll_after_ms or 1000) / 1000)

    def result(self, job_id: str) -> Result:
        """Return the result of a job."""
        return Result.model_validate_json(self.request("GET", f"/api/v1/jobs/{job_id}/result").content)

    def picture(self, job_id: str, name: str) -> bytes:
        """Return a picture of a result as PNG; `name` is a file name from the result."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/result/{name}").content

    def thumbnail(self, job_id: str) -> bytes:
        """Return a small JPEG of the image, oriented as in the viewer."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/thumbnail").content

    def report(self, job_id: str, format: ReportFormat) -> bytes:
        """Return the report of a finished job."""
        return self.request("GET", f"/api/v1/jobs/{job_id}/report", params={"format": format}).content

    def retry(self, job_id: str) -> None:
        """Retry a job that failed or was cancelled."""
        self.request("POST", f"/api/v1/jobs/{job_id}/retry")

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self.call("POST", f"/api/v1/jobs/{job_id}/cancel")
