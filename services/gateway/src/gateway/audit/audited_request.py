"""Describes a request for the audit log, as middleware sees it after the response."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.types import Scope

from gateway.audit.models import AuditEvent

_NOBODY = "anonymous"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class AuditedRequest:
    """Who sent a request, from where, and for which object. Requests that differ only in their id are equal.

    Attributes:
        actor_id: The user; None if nobody is logged in.
        actor_name: The user's name.
        token_id: Id of the API token that was used; None if there was none.
        address: Network address of the client.
        route: Path of the route with the names of its parameters.
        target_type: Kind of the object that the path names.
        target_id: Id of the object; None if it does not begin with one of Lobule's ids, because free text may name a
            patient.
        request_id: Id of the first of equal requests.
    """

    actor_id: str | None
    actor_name: str
    token_id: str | None
    address: str | None
    route: str
    target_type: str | None
    target_id: str | None
    request_id: str | None = field(compare=False)

    @staticmethod
    def of(scope: Scope) -> "AuditedRequest | None":
        """Describe a request; None if no route matched it."""
        route = getattr(scope.get("route"), "path", None)
        if route is None:
            return None
        state = scope.get("state", {})
        user_id, username, token_id = state.get("actor", (None, _NOBODY, None))
        client = scope.get("client")
        parameters = scope.get("path_params") or {}
        # Do not record the objects that anonymous requests name.
        name = _named(list(parameters)) if user_id else None
        found = _ID.match(str(parameters[name])) if name else None  # FHIR's ids of parts of an object begin with its id
        return AuditedRequest(
            actor_id=user_id,
            actor_name=username[:100],
            token_id=token_id,
            address=client[0] if client else None,
            route=route,
            target_type=name.removesuffix("_id")[:30] if name else None,
            target_id=found[0] if found else None,
            request_id=state.get("request_id"),
        )

    def event(self, action: str, at: datetime, detail: dict[str, Any], reason: str | None = None) -> AuditEvent:
        """Make the event of the audit log."""
        return AuditEvent(
            at=at,
            actor_id=self.actor_id,
            actor_name=self.actor_name,
            action=action,
            target_type=self.target_type,
            target_id=self.target_id,
            detail=detail,
            address=self.address,
            request_id=self.request_id,
            token_id=self.token_id,
            reason=reason,
        )


def _named(parameters: list[str]) -> str | None:
    """The parameter of a path that names its object: the first id, else the first of all."""
    return next((each for each in parameters if each.endswith("_id")), next(iter(parameters), None))
