"""`/api/v1/users/me/second-factor`: turning it on and off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, PresentPerson
from gateway.auth.second_factor import repository, service
from gateway.database import DbSession
from gateway.errors import ProblemError, responses
from gateway.users.models import User

router = APIRouter(prefix="/api/v1/users/me/second-factor", tags=["users"])

Code = Annotated[str, Field(min_length=6, max_length=30, description="code that the app shows", examples=["123456"])]


class SecondFactorRead(BaseModel):
    """Whether a user has a second factor."""

    on: bool = Field(description="whether a code is asked for at every login")
    required: bool = Field(description="whether an administrator requires it")
    recovery_codes_left: int = Field(description="recovery codes that are not used yet")


class AppSecret(BaseModel):
    """What an authenticator app has to know. It is shown this once."""

    secret: str = Field(description="the secret, to be typed into an app")
    address: str = Field(description="the same as an otpauth:// address")
    picture: str = Field(description="the address as a QR code: a data URI of an SVG")


class CodeGiven(BaseModel):
    """A code of the app."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class RecoveryCodes(BaseModel):
    """Codes for whoever has lost the app; each works once. They are shown this once."""

    codes: list[str] = Field(description="the codes, to be kept on paper")


def local_person(user: PresentPerson) -> User:
    """A person at the portal whose password is known here.

    Raises:
        ProblemError: `second_factor_elsewhere`, 409, where the provider of single sign-on says who it is.
    """
    if user.identity is not None:
        raise ProblemError(409, "second_factor_elsewhere")
    return user


LocalPerson = Annotated[User, Depends(local_person, scope="function")]


@router.get("", responses=responses(401))
def read_second_factor(user: CurrentUser, session: DbSession) -> SecondFactorRead:
    """Return whether your second factor is on, and how many recovery codes are left."""
    left = repository.recovery_codes_left(session, user.id)
    return SecondFactorRead(on=user.second_factor, required=user.second_factor_required, recovery_codes_left=left)


@router.post("", status_code=201, responses=responses(401, 403, 409))
def begin_second_factor(user: LocalPerson, session: DbSession, settings: AppSettings) -> AppSecret:
    """Create a secret for your authenticator app (portal sessions only). Confirm a first code to turn the factor on."""
    if user.second_factor:
        raise ProblemError(409, "second_factor_on")
    secret, address, picture = service.draw_secret(session, user, settings)
    return AppSecret(secret=secret, address=address, picture=picture)


@router.post("/confirmation", responses=responses(401, 403, 409, 422))
def confirm_second_factor(
    given: CodeGiven, user: LocalPerson, session: DbSession, settings: AppSettings, request: Request
) -> RecoveryCodes:
    """Turn the second factor on with a first code of the app; returns your recovery codes."""
    if user.second_factor:
        raise ProblemError(409, "second_factor_on")
    codes = service.complete(session, user, given.code.replace(" ", ""), settings)
    if codes is None:
        raise ProblemError(422, "wrong_first_code")
    record(session, request, user, "user.second_factor_on", "user", user.id)
    return RecoveryCodes(codes=codes)


@router.delete("", status_code=204, responses=responses(401, 403, 409))
def remove_second_factor(user: LocalPerson, session: DbSession, request: Request) -> None:
    """Turn your second factor off, unless an administrator requires it."""
    if user.second_factor_required:
        raise ProblemError(409, "second_factor_required")
    service.remove(session, user)
    record(session, request, user, "user.second_factor_off", "user", user.id)
