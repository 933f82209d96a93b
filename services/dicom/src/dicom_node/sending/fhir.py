"""Posts signed reports to a FHIR server, each as a transaction."""

import httpx
import structlog

from dicom_node.answers import AnswerError, pieces_of
from dicom_node.journal.outgoing import Sending
from dicom_node.results.files import ResultFiles
from dicom_node.sending.outbox import Courier, NotDeliveredError, Outbox
from dicom_node.settings import FHIR, NodeSettings
from dicom_node.tls import connection_problem
from lobule.transfer import trusting

FHIR_JSON = "application/fhir+json"
_MOST_ANSWER = 256 * 1024
_log = structlog.get_logger()


class FhirCourier(Courier):
    """Posts bundles.

    Args:
        files: The bundles.
        outbox: The node's outbox.
        settings: The node's settings; `dicom_fhir_url` is set.
    """

    def __init__(self, files: ResultFiles, outbox: Outbox, settings: NodeSettings) -> None:
        super().__init__(FHIR, outbox)
        self._files, self._url = files, settings.dicom_fhir_url
        self._grace_s = settings.dicom_timeout_s
        token, ca = settings.dicom_fhir_token, settings.dicom_fhir_ca
        headers = {"Content-Type": FHIR_JSON, "Accept": FHIR_JSON}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._http = httpx.Client(
            headers=headers,
            timeout=settings.dicom_timeout_s,
            trust_env=False,
            verify=trusting(ca),
        )

    def deliver(self, sending: Sending) -> None:
        """Post one bundle; any 2xx answer counts as delivered."""
        content = self._files.path_of(sending.sop_instance_uid, sending.kind).read_bytes()
        try:
            with self._http.stream("POST", self._url, content=content) as answer:
                if not answer.is_success:
                    issues = _issues(answer, self._grace_s)
                    _log.warning("a FHIR server refused a report", status=answer.status_code, issues=issues)
                    raise NotDeliveredError(f"http_{answer.status_code}")
        except httpx.HTTPError as error:
            raise NotDeliveredError(connection_problem(error)) from None


def _issues(answer: httpx.Response, grace_s: float) -> list[str]:
    """The codes of an OperationOutcome, without its texts, which may quote patients' data."""
    try:
        content = b"".join(pieces_of(answer, _MOST_ANSWER, grace_s))
        outcome = httpx.Response(200, content=content).json()
        return [str(issue.get("code"))[:40] for issue in outcome["issue"][:10]]
    except (AnswerError, ValueError, KeyError, TypeError, AttributeError):
        return []
