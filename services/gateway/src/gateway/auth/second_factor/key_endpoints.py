"""`/api/v1/users/me/second-factor/keys`: adding, naming and removing security keys."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings
from gateway.auth.second_factor import repository, security_keys, service
from gateway.auth.second_factor.endpoints import LocalPerson
from gateway.auth.second_factor.models import SecurityKey
from gateway.auth.second_factor.schemas import KeyCreate, KeyCreated, KeyOptions, KeyRename, SecurityKeyRead
from gateway.auth.second_factor.security_keys import Site
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, problem_response, responses
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.repository import lock_user

router = APIRouter(prefix="/api/v1/users/me/second-factor/keys", tags=["users"])


@router.post("/challenge", responses=responses(401, 403, 409))
def ask_new_security_key(user: LocalPerson, session: DbSession, settings: AppSettings) -> KeyOptions:
    """Get a challenge for a new security key (portal sessions only)."""
    site = _site(settings)
    _check_number(session, user)
    return KeyOptions(public_key=security_keys.ask_for_new(session, user, site))


@router.post("", status_code=201, response_model=KeyCreated, responses=responses(401, 403, 409, 422))
def add_security_key(
    new: KeyCreate, user: LocalPerson, session: DbSession, settings: AppSettings, request: Request
) -> KeyCreated | Response:
    """Add the key that answered the challenge; the first one turns the second factor on."""
    repository.lock_factor(session, user)
    _check_number(session, user)
    key = security_keys.register(session, user, new.name, new.credential, _site(settings))
    if key is None:  # answered, not raised: the challenge is used up for good
        return problem_response(request, ProblemError(422, "security_key_refused"))
    record(session, request, user, "user.security_key_added", "security_key", key.id, {"name": key.name})
    codes: list[str] = []
    if not user.second_factor:
        service.unconfirm_app(session, user)
        codes = service.turn_on(session, user)
        record(session, request, user, "user.second_factor_on", "user", user.id)
    return KeyCreated(**SecurityKeyRead.model_validate(key).model_dump(), recovery_codes=codes)


@router.patch("/{key_id}", responses=responses(401, 403, 404, 409, 422))
def rename_security_key(
    key_id: str, change: KeyRename, user: LocalPerson, session: DbSession, request: Request
) -> SecurityKeyRead:
    """Give one of your security keys another name."""
    key = _key(session, user, key_id)
    key.name = change.name
    record(session, request, user, "user.security_key_renamed", "security_key", key.id, {"name": key.name})
    return SecurityKeyRead.model_validate(key)


@router.delete("/{key_id}", status_code=204, responses=responses(401, 403, 404, 409))
def remove_security_key(key_id: str, user: LocalPerson, session: DbSession, request: Request) -> None:
    """Remove one of your security keys. The last one, without an app, turns the second factor off."""
    repository.lock_factor(session, user)
    key = _key(session, user, key_id)
    last = len(repository.keys_of(session, user.id)) == 1 and not service.has_app(session, user)
    if last and user.second_factor_required:
        raise ProblemError(409, "second_factor_required")
    repository.remove_key(session, key)
    record(session, request, user, "user.security_key_removed", "security_key", key.id, {"name": key.name})
    if last:
        service.remove(session, user)
        record(session, request, user, "user.second_factor_off", "user", user.id)


def _site(settings: GatewaySettings) -> Site:
    site = security_keys.site_of(settings)
    if site is None:
        raise ProblemError(409, "security_keys_unavailable")
    return site


def _check_number(session: DbSession, user: User) -> None:
    lock_user(session, user.id)  # two requests at once do not share the last place
    if len(repository.keys_of(session, user.id)) >= security_keys.MOST_KEYS:
        raise ProblemError(409, "too_many_security_keys")


def _key(session: DbSession, user: User, key_id: str) -> SecurityKey:
    key = repository.key_by_id(session, user.id, key_id)
    if key is None:
        raise not_found("security_key")
    return key
