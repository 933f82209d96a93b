"""`/api/v1/users/me/second-factor`: turning it on and off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, PresentPerson
from gateway.auth.second_factor import repository, service
from gateway.auth.second_factor.schemas import AppSecret, CodeGiven, RecoveryCodes, SecondFactorRead, SecurityKeyRead
from gateway.database import DbSession
from gateway.errors import ProblemError, responses
from gateway.users.models import User

router = APIRouter(prefix="/api/v1/users/me/second-factor", tags=["users"])


def local_person(user: PresentPerson) -> User:
    """A person at the portal whose password is known here.

    Raises:
        ProblemError: `second_factor_elsewhere`, 409, if the provider of single sign-on says who it is.
    """
    if user.identity is not None:
        raise ProblemError(409, "second_factor_elsewhere")
    return user


LocalPerson = Annotated[User, Depends(local_person, scope="function")]


@router.get("", responses=responses(401))
def read_second_factor(user: CurrentUser, session: DbSession) -> SecondFactorRead:
    """Return whether your second factor is on, what is accepted as it, and how many recovery codes are left."""
    return SecondFactorRead(
        on=user.second_factor,
        required=user.second_factor_required,
        recovery_codes_left=repository.recovery_codes_left(session, user.id),
        app=service.has_app(session, user),
        keys=[SecurityKeyRead.model_validate(key) for key in repository.keys_of(session, user.id)],
    )


@router.post("", status_code=201, responses=responses(401, 403, 409))
def begin_second_factor(user: LocalPerson, session: DbSession, settings: AppSettings) -> AppSecret:
    """Create a secret for your authenticator app (portal sessions only). Confirm a first code to turn the factor on."""
    repository.lock_factor(session, user)
    if service.has_app(session, user):
        raise ProblemError(409, "second_factor_on")
    secret, address, picture = service.draw_secret(session, user, settings)
    return AppSecret(secret=secret, address=address, picture=picture)


@router.post("/confirmation", responses=responses(401, 403, 409, 422))
def confirm_second_factor(
    given: CodeGiven, user: LocalPerson, session: DbSession, settings: AppSettings, request: Request
) -> RecoveryCodes:
    """Turn the second factor on with a first code of the app; returns new recovery codes."""
    repository.lock_factor(session, user)
    if service.has_app(session, user):
        raise ProblemError(409, "second_factor_on")
    codes = service.complete(session, user, given.code.replace(" ", ""), settings)
    if codes is None:
        raise ProblemError(422, "wrong_first_code")
    record(session, request, user, "user.second_factor_on", "user", user.id)
    return RecoveryCodes(codes=codes)


@router.delete("", status_code=204, responses=responses(401, 403, 409))
def remove_second_factor(user: LocalPerson, session: DbSession, request: Request) -> None:
    """Turn your second factor off, the app and every security key, unless an administrator requires it."""
    repository.lock_factor(session, user)
    if user.second_factor_required:
        raise ProblemError(409, "second_factor_required")
    service.remove(session, user)
    record(session, request, user, "user.second_factor_off", "user", user.id)
