"""A simulated worker, which uses a gateway's internal API and writes files to its object store."""

import hashlib
import io
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from fastapi.testclient import TestClient
from PIL import Image

from gateway.clock import now
from gateway.jobs.models import Step
from lobule.contracts.compatibility import HEADERS
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.contracts.steps import write_files

INTERNAL = "internal-token-of-the-tests-0123456789"
NOTHING_NEW = ExaminationReading(method="rule", breasts=[], assessment="not_sure", probability_malignant=None)
MODEL = ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing")


def png(colour: int = 200, size: tuple[int, int] = (80, 70)) -> bytes:
    """A small picture; each colour is a different image."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (colour, 20, 120)).save(buffer, "PNG")
    return buffer.getvalue()


class Worker:
    """A simulated worker, which uses the internal API and writes files to the object store."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.store = client.app.state.store

    def post(self, job: str, step: str, verb: str, token: str = INTERNAL, **body):
        """Post to the internal API; claims an analysis of one image as version 0.1 does."""
        headers = {"Authorization": f"Bearer {token}"} | ({} if step == "inference" else HEADERS)
        return self.client.post(f"/internal/v1/jobs/{job}/steps/{step}/{verb}", json=body, headers=headers)

    def claim(self, job: str, step: str = "inference") -> dict:
        """Claim a step that is ready."""
        answer = self.post(job, step, "claim", worker="test")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def expire(self, job: str) -> None:
        """Expire the leases of a job's steps."""
        with self.client.app.state.sessions.begin() as session:
            for step in session.query(Step).filter_by(job_id=job, state="running"):
                step.lease_expires_at = now() - timedelta(seconds=1)

    def leave_result(self, claim: dict, probability: float = 0.9, findings: int = 0) -> None:
        """Write the output of an inference step."""
        thresholds = Thresholds(low=0.2, high=0.7)
        result = Result(
            image=ImageInfo.model_validate(claim["image"]),
            model=MODEL,
            thresholds=thresholds,
            assessment=thresholds.assess(probability),
            probability_malignant=probability,
            findings=[
                Finding(
                    label="mass",
                    probability=0.5,
                    probability_malignant=min(0.5, probability),
                    box=Box(x=5, y=5, width=20, height=20),
                )
                for _ in range(findings)
            ],
            display=DisplayImage(file="display.png", width=80, height=70),
        )
        self.store.put(f"{claim['output_prefix']}/display.png", png())
        self.store.put(f"{claim['output_prefix']}/result.json", result.model_dump_json().encode())

    def infer(self, job: str, probability: float = 0.9, findings: int = 0) -> None:
        """Run the inference step."""
        claim = self.claim(job)
        self.leave_result(claim, probability, findings)
        assert self.post(job, "inference", "complete", attempt=claim["attempt"]).status_code == 204

    def compare(
        self,
        reading: ExaminationReading = NOTHING_NEW,
        claim: dict | None = None,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> dict:
        """Run a claimed joint reading, or the one that waits, and return its claim; by default it finds nothing new."""
        claim = claim or self.claim_next("mammo")
        assert claim is not None
        for name, content in files.items():
            self.store.put(f"{claim['output_prefix']}/{name}", content)
        self.store.put(f"{claim['output_prefix']}/examination.json", reading.model_dump_json().encode())
        assert self.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"]).status_code == 204
        return claim

    def claim_next(self, queue: str, version: str | None = HEADERS["Lobule-Claims"]) -> dict | None:
        """Claim the next step of a queue with this version of the claims; None if nothing waits."""
        headers = {"Authorization": f"Bearer {INTERNAL}"} | ({"Lobule-Claims": version} if version else {})
        answer = self.client.post(f"/internal/v1/queues/{queue}/claim", json={"worker": "test"}, headers=headers)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    def leave_rendering(self, rendering: str, claim: dict, files: dict[str, bytes], *, says: bool = True) -> None:
        """Complete a rendering like the report service, or, without `says`, like an earlier version that sends no
        hashes."""
        for name, content in files.items():
            self.store.put(f"{claim['output_prefix']}/{name}", content)
        made = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} if says else {}
        headers = {"Authorization": f"Bearer {INTERNAL}", **write_files(made)}
        path = f"/internal/v1/jobs/{rendering}/steps/render/complete"
        assert self.client.post(path, json={"attempt": claim["attempt"]}, headers=headers).status_code == 204

    def render(self, job: str) -> None:
        """Run the report step."""
        claim = self.claim(job, "report")
        for name, content in (
            ("report.en.html", b"<html>"),
            ("report.en.png", png()),
            ("report.en.json", b"{}"),
            ("thumbnail.jpg", png()),
        ):
            self.store.put(f"{claim['output_prefix']}/{name}", content)
        assert self.post(job, "report", "complete", attempt=claim["attempt"]).status_code == 204
