"""The image that a path names."""

from typing import Annotated

from fastapi import Depends

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import not_found
from gateway.images import repository
from gateway.images.models import Image


def visible_image(image_id: str, user: CurrentUser, session: DbSession) -> Image:
    """The image of `{image_id}`, if this user may see it."""
    image = repository.visible(session, user, image_id)
    if image is None:
        raise not_found("image")
    return image


VisibleImage = Annotated[Image, Depends(visible_image, scope="function")]
