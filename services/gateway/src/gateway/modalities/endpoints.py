"""`/api/v1/modalities`."""

from fastapi import APIRouter

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.modalities import repository
from lobule.contracts.modality import ModalitySpec

router = APIRouter(prefix="/api/v1/modalities", tags=["models"])


@router.get("", responses=responses(401))
def list_modalities(_user: CurrentUser, session: DbSession) -> list[ModalitySpec]:
    """List the modalities that can be uploaded, with their attributes."""
    return list(repository.known(session).values())
