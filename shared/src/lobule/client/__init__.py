"""A typed client of Lobule's REST API.

Each operation of a program has a method; `Client.call` reaches the others, such as those of administrators.
"""

from typing import Any

from lobule.client.cases import Cases
from lobule.client.connection import ApiError
from lobule.client.images import Images, ReportFormat
from lobule.contracts.node import NodeExchange, NodeTasks

__all__ = ["ApiError", "Client", "ReportFormat"]


class Client(Cases, Images):
    """A client for one server and one user; for its arguments see `lobule.client.connection.Connection`.

    Example:
        >>> with Client("https://lobule.hospital.example", "dr.lee", password) as lobule:
        ...     job = lobule.upload(Path("field.png"), "histopathology")
        ...     for progress in lobule.follow(job, time.sleep):
        ...         print(progress.state)
        ...     Path("report.html").write_bytes(lobule.report(job, "html"))
    """

    def me(self) -> dict[str, Any]:
        """Your own user."""
        return self.call("GET", "/api/v1/users/me")

    def modalities(self) -> list[dict[str, Any]]:
        """The kinds of images that the server accepts."""
        return self.call("GET", "/api/v1/modalities")

    def models(self) -> list[dict[str, Any]]:
        """The models in use on the server, by modality."""
        return self.call("GET", "/api/v1/models")

    def groups(self) -> list[dict[str, Any]]:
        """Your groups; all of them to an administrator."""
        return self.call("GET", "/api/v1/groups")

    def webhooks(self) -> list[dict[str, Any]]:
        """Your webhooks."""
        return self.call("GET", "/api/v1/webhooks")

    def create_webhook(self, url: str, *events: str) -> dict[str, Any]:
        """Have events told to an address; the answer alone has the `secret`. Without events: `job.finished`."""
        return self.call("POST", "/api/v1/webhooks", json={"url": url} | ({"events": events} if events else {}))

    def change_webhook(self, webhook_id: str, **changes: Any) -> dict[str, Any]:
        """Change `url` or `events` of a webhook."""
        return self.call("PATCH", f"/api/v1/webhooks/{webhook_id}", json=changes)

    def test_webhook(self, webhook_id: str) -> dict[str, Any]:
        """Have a test message sent to a webhook."""
        return self.call("POST", f"/api/v1/webhooks/{webhook_id}/test")

    def deliveries(self, webhook_id: str) -> list[dict[str, Any]]:
        """The newest messages of a webhook, and how they fared."""
        return self.call("GET", f"/api/v1/webhooks/{webhook_id}/deliveries")

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook."""
        self.call("DELETE", f"/api/v1/webhooks/{webhook_id}")

    def report_node(self, told: NodeExchange) -> NodeTasks:
        """Tell how a DICOM node stands; gives what it is asked to do."""
        said = told.model_dump(mode="json")  # without a key: told twice, it is the same
        answer = self.patiently(lambda: self.once("POST", "/api/v1/nodes/report", json=said))
        return NodeTasks.model_validate_json(answer.content)
