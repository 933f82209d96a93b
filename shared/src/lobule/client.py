"""A small typed client of Lobule's REST API."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, cast

import httpx

from lobule.contracts.language import Language
from lobule.contracts.node import NodeExchange, NodeTasks
from lobule.contracts.progress import FINAL_STATES, Progress
from lobule.contracts.result import Laterality, Magnification, Modality, Result, View
from lobule.transfer import Watched, trusting

ReportFormat = Literal["html", "png", "json"]


class ApiError(Exception):
    """The server refused; `code` is stable, `detail` is for people, `problem` is the whole RFC 9457 document.

    `status` is 0 where the server could not be reached; `retry_after_s` is what the server asks to wait.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after_s: float | None = None) -> None:
        self.status, self.problem, self.retry_after_s = status, problem, retry_after_s
        self.code = str(problem.get("code", "http_error"))
        self.detail = str(problem.get("detail", f"The server answered with status {status}."))
        super().__init__(f"{self.detail} [{self.code}]")


class Client:
    """A client for one server and one user. It logs in at the first call and renews its token when it expires.

    Args:
        base_url: Where the server is.
        username: The user; empty for a program with an API token.
        password: Their password.
        api_token: Of a program, instead of user name and password.
        timeout_s: Of one request.
        patience_s: How long a server that is away for a moment (it starts again: 503 with `Retry-After`, or no
            connection) is asked again. Every call is safe to repeat: an image that arrived twice is one image.
        ca: Certificates to trust, PEM; the system's own without.
        language: Of the sentences in answers.

    Example:
        >>> with Client("https://lobule.hospital.example", "dr.lee", password) as lobule:
        ...     job = lobule.upload(Path("field.png"), "histopathology")
        ...     for progress in lobule.follow(job, time.sleep):
        ...         print(progress.state)
        ...     Path("report.html").write_bytes(lobule.report(job, "html"))
    """

    def __init__(
        self,
        base_url: str,
        username: str = "",
        password: str = "",
        *,
        api_token: str = "",
        timeout_s: float = 30,
        patience_s: float = 0,
        ca: Path | None = None,
        language: Language = "en",
    ) -> None:
        headers = {"Accept-Language": language}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s, verify=trusting(ca))
        self._patience_s = patience_s
        self._username, self._password = username, password
        self._access = api_token
        self._refresh: str | None = None
        self._renew_at = math.inf if api_token else 0.0  # on the monotonic clock

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._http.close()

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
                return self._once("POST", "/api/v1/images", data=fields, files={"file": (file_name or file.name, body)})

        try:
            answer = self._patiently(send)
        except ApiError as error:
            if error.code == "duplicate_image":
                return str(error.problem["existing_job_id"])
            raise
        return str(answer.json()["job"]["id"])

    def open_case(self, pseudonym: str) -> str:
        """Open a case and return its id. Never pass the patient's name."""
        return str(self._request("POST", "/api/v1/cases", json={"pseudonym": pseudonym}).json()["id"])

    def cases(self, pseudonym: str) -> list[dict[str, Any]]:
        """The cases of exactly this pseudonym, at most 200."""
        found = self._request("GET", "/api/v1/cases", params={"q": pseudonym, "limit": 200}).json()["items"]
        return [case for case in found if case["pseudonym"] == pseudonym]

    def case(self, case_id: str) -> dict[str, Any]:
        """A case with its images, what was concluded from them together, and its reports."""
        return self._request("GET", f"/api/v1/cases/{case_id}").json()

    def examination(self, case_id: str) -> dict[str, Any]:
        """What the films of a case say together: `state`, and `reading` once that is `done`."""
        return self._request("GET", f"/api/v1/cases/{case_id}/examination").json()

    def store_result(self, case_id: str, file: Path) -> None:
        """Have the gateway keep a DICOM object that was made of a case; the same object again is no error.

        Raises:
            ApiError: Where the server refuses it.
            OSError: Where the file cannot be read.
        """

        def send() -> httpx.Response:
            with file.open("rb") as stream:
                path, kind = f"/dicom-web/cases/{case_id}/instances", "application/dicom"
                return self._once("POST", path, content=stream, headers={"Content-Type": kind})

        self._patiently(send)

    def remove_image(self, image_id: str) -> None:
        """Remove an image with its analyses.

        Raises:
            ApiError: `image_signed` where a signed report keeps it.
        """
        self._request("DELETE", f"/api/v1/images/{image_id}")

    def progress(self, job_id: str) -> Progress:
        """The progress of a job."""
        return Progress.model_validate_json(self._request("GET", f"/api/v1/jobs/{job_id}/progress").content)

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
        return Result.model_validate_json(self._request("GET", f"/api/v1/jobs/{job_id}/result").content)

    def picture(self, job_id: str, name: str) -> bytes:
        """A picture of a result, PNG; the result says what it is called."""
        return self._request("GET", f"/api/v1/jobs/{job_id}/result/{name}").content

    def report(self, job_id: str, format: ReportFormat) -> bytes:
        """The report of a job that is done."""
        return self._request("GET", f"/api/v1/jobs/{job_id}/report", params={"format": format}).content

    def case_report(self, case_id: str, version: int | None, format: Literal["html", "pdf", "png", "json"]) -> bytes:
        """The report of a case: a signed version, or the draft where `version` is None."""
        path = f"/api/v1/cases/{case_id}/reports/{'draft' if version is None else version}"
        return self._request("GET", path, params={"format": format}).content

    def reads(self, case_id: str) -> dict[str, Any]:
        """How far the reading of a case by two people has come, the reads that you may see, and what you may do."""
        return self._request("GET", f"/api/v1/cases/{case_id}/reads").json()

    def fhir_bundle(self, case_id: str) -> dict[str, Any]:
        """A case as a FHIR transaction."""
        return self._request("GET", f"/fhir/Bundle/{case_id}").json()

    def report_node(self, told: NodeExchange) -> NodeTasks:
        """Tell how a DICOM node stands; gives what it is asked to do."""
        said = told.model_dump(mode="json")
        return NodeTasks.model_validate_json(self._request("POST", "/api/v1/nodes/report", json=said).content)

    def retry(self, job_id: str) -> None:
        """Try a job that did not finish again."""
        self._request("POST", f"/api/v1/jobs/{job_id}/retry")

    def models(self) -> list[dict[str, Any]]:
        """The models in use on the server, by modality."""
        return self._request("GET", "/api/v1/models").json()

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._patiently(lambda: self._once(method, path, **arguments))

    def _patiently(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return call()
            except ApiError as error:
                away = error.status == 0 or (error.status == 503 and error.retry_after_s is not None)
                pause = error.retry_after_s or 1.0
                if not away or time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)

    def _once(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        with _plain_words(self._http.base_url):
            headers = arguments.pop("headers", {}) | {"Authorization": f"Bearer {self._token()}"}
            return _checked(self._http.request(method, path, headers=headers, **arguments))

    def _token(self) -> str:
        """An access token that is valid for long enough for a request."""
        if time.monotonic() >= self._renew_at:
            tokens = self._new_tokens()
            self._access, self._refresh = str(tokens["access_token"]), str(tokens["refresh_token"])
            self._renew_at = time.monotonic() + float(tokens["expires_in"]) / 2
        return self._access

    def _new_tokens(self) -> dict[str, Any]:
        if self._refresh is not None:
            grant = {"grant_type": "refresh_token", "refresh_token": self._refresh}
            answer = self._http.post("/api/v1/auth/token", json=grant)
            if answer.is_success:
                return answer.json()
        grant = {"grant_type": "password", "username": self._username, "password": self._password}
        return _checked(self._http.post("/api/v1/auth/token", json=grant)).json()


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {"code": "http_error", "detail": f"The server answered with status {answer.status_code}."}
    after = answer.headers.get("Retry-After", "")
    raise ApiError(answer.status_code, problem, float(after) if after.isdigit() else None)


@contextmanager
def _plain_words(base_url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        detail = f"The server at {base_url} cannot be reached ({type(error).__name__}). Is it running?"
        raise ApiError(0, {"code": "server_unreachable", "detail": detail}) from None
