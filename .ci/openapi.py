"""Print the gateway's OpenAPI document, from which the types of the portal's scripts are made."""

import json
import sys
from typing import Any

from gateway.main import create_app
from gateway.settings import GatewaySettings


def openapi_document() -> dict[str, Any]:
    """The document of an application that is created but not served."""
    settings = {
        "database_url": "sqlite:////nonexistent/lobule.db",
        "redis_url": "redis://localhost:1/0",
        "object_store_url": "file:///nonexistent",
        "internal_token": "x" * 32,
        "secret_key": "x" * 32,
    }
    return create_app(GatewaySettings.model_validate(settings)).openapi()


if __name__ == "__main__":
    json.dump(openapi_document(), sys.stdout)
