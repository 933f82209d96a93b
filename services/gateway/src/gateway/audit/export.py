"""The audit log for a SIEM: JSON lines, and syslog messages (RFC 5424)."""

import json
from typing import Literal

from gateway.audit.models import AuditEvent
from gateway.audit.schemas import AuditEventRead
from lobule.one_line import shown_in_one_line

Format = Literal["jsonl", "syslog"]

_FACILITY = 13  # log audit
_INFORMATIONAL, _WARNING = 6, 4
_ENTERPRISE = "lobule@32473"  # the number that RFC 5612 reserves for documentation; Lobule has none of its own
_MEMBERS = ("id", "actor_id", "actor_name", "target_type", "target_id", "address", "request_id", "token_id", "reason")


def line_of(event: AuditEvent, form: Format, host: str) -> str:
    """An event as a line, without its end. Somebody may have tried to log in with a name that steers terminals."""
    return shown_in_one_line(as_json(event) if form == "jsonl" else as_syslog(event, host))


def as_json(event: AuditEvent) -> str:
    """All of an event, with its place in its chain."""
    read = AuditEventRead.model_validate(event).model_dump(mode="json")
    linked = {"chain": event.chain, "position": event.position, "link": event.link}
    return json.dumps(read | linked, ensure_ascii=False, separators=(",", ":"))


def as_syslog(event: AuditEvent, host: str) -> str:
    """A message of the facility `log audit`; its MSGID is the action, and its text is `detail` as JSON."""
    severity = _WARNING if event.reason or event.action == "auth.failed" else _INFORMATIONAL
    read = AuditEventRead.model_validate(event)
    values = {name: getattr(read, name) for name in _MEMBERS}
    members = " ".join(f'{name}="{_escaped(str(value))}"' for name, value in values.items() if value is not None)
    detail = json.dumps(read.detail, separators=(",", ":"))
    moment = read.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = f"<{_FACILITY * 8 + severity}>1 {moment} {host[:255] or '-'} lobule - {event.action[:32]}"
    return f"{head} [{_ENTERPRISE} {members}] {detail}"


def _escaped(value: str) -> str:
    for special in ("\\", '"', "]"):
        value = value.replace(special, "\\" + special)
    return " ".join(value.splitlines())
