"""What the provider's claims mean: who it is, which role, and which groups."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.roles import Role, parse_mapping, parse_roles
from gateway.settings import GatewaySettings
from lobule.one_line import in_one_line

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._@-]")
_LEAST_LEFT = 2  # letters and digits that make a name


@dataclass(frozen=True)
class Identity:
    """A person as the provider knows them.

    Attributes:
        subject: Issuer and subject, which never change.
        username: What the person is called here when the account is made.
        names_account: Whether the provider itself calls the person so, whose the local account of this name may be.
        display_name: Name on pages and reports.
        role: What they may do; None if no claim gives a role.
        groups: Names of groups that the mapping knows, and whether they belong to each.
    """

    subject: str
    username: str
    names_account: bool
    display_name: str
    role: Role | None
    groups: Mapping[str, bool]

    def distinct_username(self) -> str:
        """The username with a mark of the subject, which nobody else has."""
        return _marked(self.username, self.subject)


def identity_of(claims: Mapping[str, Any], settings: GatewaySettings) -> Identity:
    """The person whom claims are about.

    Args:
        claims: Claims of a verified ID token.
        settings: Names of the claims with name, roles and groups, and the meaning of their values.
    """
    name = str(claims.get(settings.oidc_username_claim) or claims.get("email") or claims["sub"])
    held = set(_values(claims, settings.oidc_roles_claim))
    roles = parse_roles(settings.oidc_roles)
    teams = parse_mapping(settings.oidc_groups)
    subject, username = f"{claims['iss']}#{claims['sub']}"[:500], _NOT_IN_NAMES.sub("-", name)[:100].lower()
    return Identity(
        subject=subject,
        username=username if sum(map(str.isalnum, username)) >= _LEAST_LEFT else _marked("user", subject),
        names_account=_is_given(claims, settings.oidc_username_claim, username),
        display_name=in_one_line(str(claims.get("name") or name))[:200] or username,
        role=next((role for value, role in roles.items() if value in held), None),
        groups={group: any(teams[value] == group and value in held for value in teams) for group in teams.values()},
    )


def _is_given(claims: Mapping[str, Any], claim: str, username: str) -> bool:
    """Whether this claim holds this very name. People can state any address of mail until the provider verifies it."""
    is_verified = claim != "email" or claims.get("email_verified") in (True, "true")
    return is_verified and str(claims.get(claim)).lower() == username


def _values(claims: Mapping[str, Any], path: str) -> Iterable[str]:
    """The values of a claim, which may lie in others: `realm_access.roles`; one value alone counts as a list of it."""
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return [str(each) for each in found] if isinstance(found, list) else [] if found is None else [str(found)]


def _marked(username: str, subject: str) -> str:
    return f"{username[:90]}-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"
