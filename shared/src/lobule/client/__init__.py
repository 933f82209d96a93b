"""A typed client of Lobule's REST API.

Every operation that programs use has a method. `Client.call` reaches the others, such as those for administrators.
"""

from typing import Any

from lobule.client.cases import Cases
from lobule.client.connection import ApiError
from lobule.client.images import Images, ReportFormat
from lobule.contracts.node import NodeExchange, NodeTasks

__all__ = ["ApiError", "Client", "ReportFormat"]


class Client(Cases, Images):
    """A client of one server for one user. See `lobule.client.connection.Connection` for its arguments.

    Example:
        >>> with Client("https://lobule.hospital.example", "dr.lee", password) as lobule:
        ...     job = lobule.upload(Path("field.png"), "histopathology")
        ...     for progress in lobule.follow(job, time.sleep):
        ...         print(progress.state)
        ...     Path("report.html").write_bytes(lobule.report(job, "html"))
    """

    def me(self) -> dict[str, Any]:
        """Return your own user."""
        return self.call("GET", "/api/v1/users/me")

    def modalities(self) -> list[dict[str, Any]]:
        """List the modalities that the server accepts."""
        return self.call("GET", "/api/v1/modalities")

    def models(self) -> list[dict[str, Any]]:
        """List the models that the server uses, by modality."""
        return self.call("GET", "/api/v1/models")

    def groups(self) -> list[dict[str, Any]]:
        """List your groups. Administrators get all groups."""
        return self.call("GET", "/api/v1/groups")

    def webhooks(self) -> list[dict[str, Any]]:
        """List your webhooks."""
        return self.call("GET", "/api/v1/webhooks")

    def create_webhook(self, url: str, *events: str) -> dict[str, Any]:
        """Register a webhook, by default for `job.finished`. Only this response contains its `secret`."""
        return self.call("POST", "/api/v1/webhooks", json={"url": url} | ({"events": events} if events else {}))

    def change_webhook(self, webhook_id: str, **changes: Any) -> dict[str, Any]:
        """Change the `url` or the `events` of a webhook."""
        return self.call("PATCH", f"/api/v1/webhooks/{webhook_id}", json=changes)

    def test_webhook(self, webhook_id: str) -> dict[str, Any]:
        """Send a test message to a webhook."""
        return self.call("POST", f"/api/v1/webhooks/{webhook_id}/test")

    def deliveries(self, webhook_id: str) -> list[dict[str, Any]]:
        """List the newest deliveries of a webhook, with their state."""
        return self.call("GET", f"/api/v1/webhooks/{webhook_id}/deliveries")

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook."""
        self.call("DELETE", f"/api/v1/webhooks/{webhook_id}")

    def report_node(self, status: NodeExchange) -> NodeTasks:
        """Report the status of a DICOM node; returns the tasks that the server has for it."""
        body = status.model_dump(mode="json")  # needs no idempotency key: a repeated report changes nothing
        answer = self.with_retries(lambda: self.once("POST", "/api/v1/nodes/report", json=body))
        return NodeTasks.model_validate_json(answer.content)

    def merge_patients(self, told: dict[str, Any]) -> dict[str, Any]:
        """Tell that a hospital has merged two identifiers of a patient, or has undone that."""
        return self.with_retries(lambda: self.once("POST", "/api/v1/patients/merges", json=told)).json()
