"""The upload service of the application."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.uploads.service import UploadService


def upload_service(request: Request) -> UploadService:
    """The service the app was made with."""
    return request.app.state.uploads


Uploads = Annotated[UploadService, Depends(upload_service)]
