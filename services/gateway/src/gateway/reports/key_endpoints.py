"""`/api/v1/signing-keys`: the public keys that verify signed reports."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.reports.signatures import keys_of

router = APIRouter(prefix="/api/v1/signing-keys", tags=["reports"])


class SigningKeyRead(BaseModel):
    """A public key."""

    key: str = Field(description="name of the key, as signatures state it")
    algorithm: Literal["Ed25519"] = Field(default="Ed25519", description="algorithm of its signatures")
    public_key: str = Field(description="PEM")
    current: bool = Field(description="whether it signs new reports; the other keys verify older ones")


@router.get("", responses=responses(401))
def list_signing_keys(user: CurrentUser, session: DbSession) -> list[SigningKeyRead]:  # noqa: ARG001 - any account
    """List the public keys that verify signed reports, the present signing key first."""
    keys = keys_of(session)
    return [SigningKeyRead(key=name, public_key=keys.pem(name), current=name == keys.current) for name in keys.known]
