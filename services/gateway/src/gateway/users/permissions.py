"""Who may do what: the roles with their permissions, and the permission that each route needs.

Routes and pages check it; the administrator's page and docs/api.md show it. The queries decide by ownership, groups and
emergency access which cases a user sees.
"""

import re
from typing import Literal

from gateway.users.models import Role

Permission = Literal[
    "read", "identify", "upload", "share", "delete", "review", "sign", "administer", "audit", "emergency", "node"
]
Needed = Permission | Literal["account", "public", "worker"]
"""What a route needs: a permission, any account, nothing, or the internal token of a worker."""

MEANINGS: dict[Permission, str] = {
    "read": "see cases, images, results and reports that are their own or shared with one of their groups",
    "identify": "see the names in DICOM files, if the policy for names keeps them",
    "upload": "open cases, upload and correct images, start and stop analyses",
    "share": "share a case of their own with one of their groups",
    "delete": "delete cases of their own; administrators: cases that they opened in an emergency",
    "review": "claim and assign cases, give verdicts, draw findings",
    "sign": "sign reports in the portal",
    "administer": "manage users, groups, queues and failed work",
    "audit": "read the audit log",
    "node": "report as a DICOM node, take its tasks, tell merges of patients, store DICOM objects of others' cases",
    "emergency": "open the case of another user for an hour and give a reason, which its owner and the audit log see",
}

ROLES: dict[Role, frozenset[Permission]] = {
    "clinician": frozenset({"read", "identify", "upload", "share", "delete", "review", "sign"}),
    "reader": frozenset({"read"}),
    "technologist": frozenset({"read", "identify", "upload", "share", "delete"}),
    "admin": frozenset({"read", "share", "delete", "administer", "audit", "emergency"}),
    "auditor": frozenset({"audit"}),
    "service": frozenset({"read", "identify", "upload", "share", "delete", "node"}),
}
"""The permissions of each role. An administrator reads only the cases that they opened in an emergency."""

_ANY, _READING, _WRITING = ".*", "GET", "POST|PUT|PATCH|DELETE"
_CASE = r"/api/v1/cases/{case_id}"
_RULES: tuple[tuple[str, str, Needed], ...] = (
    (_ANY, r"/internal/.*", "worker"),
    (_ANY, r"/login(/.*)?", "public"),
    (_ANY, r"/(healthz|readyz|metrics|logout|language|failed-logins/seen|words/.*|fhir/metadata)", "public"),
    (_ANY, r"/api/(docs|changelog|v1/(openapi\.json|auth/token))", "public"),
    (_ANY, r"/(account|password|second-factor|api|help|models)", "account"),
    (_ANY, r"/api/v1/(users/me|auth/logout|tokens|sessions|webhooks|emergency-access|hints)(/.*)?", "account"),
    (_READING, r"/api/v1/(groups|models|modalities|signing-keys)(/.*)?", "account"),
    (_READING, r"/(api/v1|admin)/audit(\.csv)?", "audit"),
    ("POST", r"/api/v1/(nodes/report|patients/merges)", "node"),
    (_ANY, r"(/api/v1)?/(admin|users|groups|nodes|patients)(/.*)?", "administer"),
    ("POST", rf"{_CASE}/emergency-access", "emergency"),
    ("POST", rf"{_CASE}/(reports|reads|arbitration)", "sign"),
    ("DELETE", rf"{_CASE}/reads/yours", "sign"),
    (_ANY, r"/api/v1/views(/.*)?", "read"),
    ("DELETE", _CASE, "delete"),
    (_READING, r"(/api/v1)?/cases/{case_id}/identity", "identify"),
    ("PUT", rf"{_CASE}/visit", "read"),
    ("POST", rf"{_CASE}/refused-films/{{sha256}}/dismissal", "upload"),
    ("PUT", rf"{_CASE}/group", "share"),
    ("POST", rf"{_CASE}/reports/{{version}}/renderings", "read"),
    (_READING, r"/new", "upload"),
    (_WRITING, rf"{_CASE}/.*", "review"),
    (_READING, _ANY, "read"),
    (_WRITING, _ANY, "upload"),
)
"""Method, path of a route, and what it needs; the first match decides. A route without a rule of its own counts as one
with patients' data."""

_Rule = tuple[re.Pattern[str], re.Pattern[str], Needed]
_COMPILED: list[_Rule] = [(re.compile(method), re.compile(path), needs) for method, path, needs in _RULES]


def needed_permission(method: str, route: str) -> Needed:
    """What a route needs.

    Args:
        method: HTTP method; HEAD counts as GET.
        route: Path of the route with the names of its parameters, such as `/api/v1/cases/{case_id}`.
    """
    method = "GET" if method == "HEAD" else method
    return next(need for verb, path, need in _COMPILED if verb.fullmatch(method) and path.fullmatch(route))


def has_permission(role: Role, permission: Permission) -> bool:
    """Whether a role has a permission."""
    return permission in ROLES[role]


def may_use(role: Role, method: str, route: str) -> bool:
    """Whether a role may use a route that a user calls."""
    need = needed_permission(method, route)
    return need in ("account", "public") or need in ROLES[role]


def as_table() -> str:
    """The permissions of each role, as a table in Markdown."""
    roles = list(ROLES)
    head = f"| permission | {' | '.join(f'`{role}`' for role in roles)} | what it allows |"
    rows = [
        f"| `{name}` | {' | '.join('yes' if has_permission(role, name) else '–' for role in roles)} | {meaning} |"
        for name, meaning in MEANINGS.items()
    ]
    return "\n".join([head, "|---" * (len(roles) + 2) + "|", *rows])
