"""Cases, what clinicians say of them, and their reports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx

from lobule.client.connection import Connection


class Cases(Connection):
    """Cases, what clinicians say of them, and their reports."""

    def open_case(self, pseudonym: str) -> str:
        """Open a case and return its id. Never pass the patient's name."""
        return str(self.call("POST", "/api/v1/cases", json={"pseudonym": pseudonym})["id"])

    def cases(self, pseudonym: str) -> list[dict[str, Any]]:
        """The cases of exactly this pseudonym, at most 200."""
        found = self.call("GET", "/api/v1/cases", params={"q": pseudonym, "limit": 200})["items"]
        return [case for case in found if case["pseudonym"] == pseudonym]

    def each_case(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Every case that you may see, page after page; `wanted` are the filters of `GET /api/v1/cases`."""
        return self.pages("/api/v1/cases", **wanted)

    def case(self, case_id: str) -> dict[str, Any]:
        """A case with its images, what was concluded from them together, and its reports."""
        return self.call("GET", f"/api/v1/cases/{case_id}")

    def rename_case(self, case_id: str, pseudonym: str) -> dict[str, Any]:
        """Give a case another pseudonym. Never pass the patient's name."""
        return self.call("PATCH", f"/api/v1/cases/{case_id}", json={"pseudonym": pseudonym})

    def losses_of_case(self, case_id: str) -> dict[str, Any]:
        """What deleting a case would take with it, and in `refused` why it would be refused now."""
        return self.call("GET", f"/api/v1/cases/{case_id}/deletion")

    def delete_case(self, case_id: str) -> dict[str, Any]:
        """Delete a case with all that belongs to it; gives what was deleted.

        Raises:
            ApiError: `case_has_report` where a signed report keeps it.
        """
        return self.call("DELETE", f"/api/v1/cases/{case_id}")

    def share_case(self, case_id: str, group_id: str | None) -> dict[str, Any]:
        """Share a case with a group of yours instead of any other; None for none."""
        return self.call("PUT", f"/api/v1/cases/{case_id}/group", json={"group_id": group_id})

    def priors(self, case_id: str) -> list[dict[str, Any]]:
        """Earlier examinations of the same patient in other cases, newest first."""
        return self.call("GET", f"/api/v1/cases/{case_id}/priors")

    def results(self, case_id: str, job_ids: list[str]) -> dict[str, Any]:
        """The results of several analyses of a case at once."""
        return self.call("GET", f"/api/v1/cases/{case_id}/results", params={"job": job_ids})

    def examination(self, case_id: str) -> dict[str, Any]:
        """What the films of a case say together: `state`, and `reading` once that is `done`."""
        return self.call("GET", f"/api/v1/cases/{case_id}/examination")

    def reads(self, case_id: str) -> dict[str, Any]:
        """How far the reading of a case by two people has come, the reads that you may see, and what you may do."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reads")

    def reviews(self, case_id: str) -> list[dict[str, Any]]:
        """What clinicians said of the findings and images of a case."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reviews")

    def review(
        self,
        case_id: str,
        job_id: str,
        finding_id: str,
        verdict: Literal["confirmed", "dismissed"] | None,
        comment: str = "",
    ) -> dict[str, Any] | None:
        """Confirm or dismiss a finding, or with `image` the whole image; without verdict and comment, withdraw that."""
        said = {"verdict": verdict, "comment": comment}
        return self.call("PUT", f"/api/v1/cases/{case_id}/reviews/{job_id}/{finding_id}", json=said)

    def drawn_findings(self, case_id: str) -> list[dict[str, Any]]:
        """What readers drew on the images of a case."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reader-findings")

    def draw_finding(self, case_id: str, finding_id: str, drawn: dict[str, Any]) -> dict[str, Any]:
        """Draw a finding under a UUID of yours, or change it: `image_id`, `kind`, `shape` and `box` or `outline`."""
        return self.call("PUT", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}", json=drawn)

    def erase_finding(self, case_id: str, finding_id: str) -> None:
        """Erase a finding that was drawn."""
        self.call("DELETE", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}")

    def ask_opinion(self, case_id: str, finding_id: str) -> dict[str, Any]:
        """Ask what the system thinks of the region of a finding that was drawn."""
        return self.call("POST", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion")

    def opinion(self, case_id: str, finding_id: str) -> dict[str, Any]:
        """The opinion that was asked for: its `state`, and once that is `done` the `opinion`."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion")

    def reports(self, case_id: str) -> list[dict[str, Any]]:
        """The signed versions of a case, newest first."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reports")

    def report_content(self, case_id: str, version: int) -> dict[str, Any]:
        """The content that was signed."""
        return self.call("GET", f"/api/v1/cases/{case_id}/reports/{version}/content")

    def case_report(self, case_id: str, version: int | None, format: Literal["html", "pdf", "png", "json"]) -> bytes:
        """The report of a case: a signed version, or the draft where `version` is None."""
        path = f"/api/v1/cases/{case_id}/reports/{'draft' if version is None else version}"
        return self.request("GET", path, params={"format": format}).content

    def fhir_bundle(self, case_id: str) -> dict[str, Any]:
        """A case as a FHIR transaction."""
        return self.call("GET", f"/fhir/Bundle/{case_id}")

    def store_result(self, case_id: str, file: Path) -> None:
        """Have the gateway keep a DICOM object that was made of a case; the same object again is no error.

        Raises:
            ApiError: Where the server refuses it.
            OSError: Where the file cannot be read.
        """

        def send() -> httpx.Response:
            with file.open("rb") as stream:
                path, kind = f"/dicom-web/cases/{case_id}/instances", "application/dicom"
                return self.once("POST", path, content=stream, headers={"Content-Type": kind})

        self.patiently(send)
