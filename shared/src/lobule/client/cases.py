"""Cases, their reviews and their reports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx

from lobule.client.connection import Connection
from lobule.contracts.case import ReportForm


class Cases(Connection):
    """Operations on cases, their reviews and their reports."""

    def open_case(self, pseudonym: str) -> str:
        """Open a case and return its id. Never pass the patient's name."""
        return str(self.call("POST", "/api/v1/cases", json={"pseudonym": pseudonym})["id"])

    def open_sample_case(self) -> dict[str, Any]:
        """Open the sample case of synthetic films, or get it if there is one."""
        return dict(self.call("POST", "/api/v1/sample-case"))

    def cases(self, pseudonym: str) -> list[dict[str, Any]]:
        """List the cases with exactly this pseudonym, at most 200."""
        found = self.call("GET", "/api/v1/cases", params={"q": pseudonym, "limit": 200})["items"]
        return [case for case in found if case["pseudonym"] == pseudonym]

    def each_case(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Iterate over all cases that you may see; `filters` are the query parameters of `GET /api/v1/cases`."""
        return self.pages("/api/v1/cases", **filters)

    def case(self, case_id: str) -> dict[str, Any]:
        """Return a case with its images, its conclusion and its reports."""
        return self.call("GET", f"/api/v1/cases/{case_id}")

    def rename_case(self, case_id: str, pseudonym: str) -> dict[str, Any]:
        """Change the pseudonym of a case. Never pass the patient's name."""
        return self.call("PATCH", f"/api/v1/cases/{case_id}", json={"pseudonym": pseudonym})

    def losses_of_case(self, case_id: str) -> dict[str, Any]:
        """Return what `delete_case` would delete; `refused` says why the server would currently refuse it."""
        return self.call("GET", f"/api/v1/cases/{case_id}/deletion")

    def delete_case(self, case_id: str) -> dict[str, Any]:
        """Delete a case and everything that belongs to it; returns what was deleted.

        Raises:
            ApiError: `case_has_report` if the case has a signed report.
        """
        return self.call("DELETE", f"/api/v1/cases/{case_id}")

    def share_case(self, case_id: str, group_id: str | None) -> dict[str, Any]:
        """Share a case with one of your groups, instead of any other group; `None` ends sharing."""
        return self.call("PUT", f"/api/v1/cases/{case_id}/group", json={"group_id": group_id})

    def priors(self, case_id: str) -> list[dict[str, Any]]:
        """List earlier examinations of the same patient in other cases, newest first."""
        return self.call("GET", f"/api/v1/cases/{case_id}/priors")

    def results(self, case_id: str, job_ids: list[str]) -> dict[str, Any]:
        """Return the results of several jobs of a case in one request."""
        return self.call("GET", f"/api/v1/cases/{case_id}/results", params={"job": job_ids})

    def examination(self, case_id: str) -> dict[str, Any]:
        """Return the joint reading of a case's films: its `state`, and the `reading` once the state is `done`."""
        return self.call("GET", f"/api/v1/cases/{case_id}/examination")

    def examination_picture(self, case_id: str, name: str) -> bytes:
        """Return a picture of the joint reading as PNG; `name` is a file name from its `differences`."""
        return self.request("GET", f"/api/v1/cases/{case_id}/examination/{name}").content

    def reads(self, case_id: str) -> dict[str, Any]:
        """Return the state of double reading, the reads that you may see, and your permitted actions."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reads")

    def reviews(self, case_id: str) -> list[dict[str, Any]]:
        """List the clinicians' reviews of the findings and images of a case."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reviews")

    def review(
        self,
        case_id: str,
        job_id: str,
        finding_id: str,
        verdict: Literal["confirmed", "dismissed"] | None,
        comment: str = "",
    ) -> dict[str, Any] | None:
        """Confirm or dismiss a finding, or the whole image if `finding_id` is `image`.

        Without a verdict and a comment, the review is withdrawn.
        """
        review = {"verdict": verdict, "comment": comment}
        return self.call("PUT", f"/api/v1/cases/{case_id}/reviews/{job_id}/{finding_id}", json=review)

    def drawn_findings(self, case_id: str) -> list[dict[str, Any]]:
        """List the findings that readers drew on the images of a case."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reader-findings")

    def draw_finding(self, case_id: str, finding_id: str, drawn: dict[str, Any]) -> dict[str, Any]:
        """Create or replace a drawn finding.

        Args:
            case_id: The case.
            finding_id: A UUID of your choice.
            drawn: `image_id`, `kind`, `shape`, and `box` or `outline`.
        """
        return self.call("PUT", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}", json=drawn)

    def erase_finding(self, case_id: str, finding_id: str) -> None:
        """Delete a drawn finding."""
        self.call("DELETE", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}")

    def ask_opinion(self, case_id: str, finding_id: str) -> dict[str, Any]:
        """Request the system's opinion of the region of a drawn finding."""
        return self.call("POST", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion")

    def opinion(self, case_id: str, finding_id: str) -> dict[str, Any]:
        """Return the requested opinion: its `state`, and the `opinion` once the state is `done`."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion")

    def reports(self, case_id: str) -> list[dict[str, Any]]:
        """List the signed reports of a case, newest first."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reports")

    def report_content(self, case_id: str, version: int) -> dict[str, Any]:
        """Return the content of a signed report."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reports/{version}/content")

    def case_report(self, case_id: str, version: int | None, format: ReportForm) -> bytes:
        """Return a signed report of a case, or the draft if `version` is `None`."""
        path = f"/api/v1/cases/{case_id}/reports/{'draft' if version is None else version}"
        return self.request("GET", path, params={"format": format}).content

    def signing_keys(self) -> list[dict[str, Any]]:
        """List the public keys that verify signed reports, see docs/signed-reports.md."""
        return self.call("GET", "/api/v1/signing-keys")

    def fhir_bundle(self, case_id: str, version: int | None = None) -> dict[str, Any]:
        """Return a case as a FHIR transaction bundle; with a version, only the examination that it was signed of."""
        query = "" if version is None else f"?version={version}"
        return self.call("GET", f"/fhir/Bundle/{case_id}{query}")

    def store_result(self, case_id: str, file: Path) -> None:
        """Store a DICOM object that was made from a case. Storing the same object again is not an error.

        Raises:
            ApiError: The server refuses the object.
            OSError: The file cannot be read.
        """

        def send() -> httpx.Response:
            with file.open("rb") as stream:
                path, kind = f"/dicom-web/cases/{case_id}/instances", "application/dicom"
                return self.once("POST", path, content=stream, headers={"Content-Type": kind})

        self.with_retries(send)
