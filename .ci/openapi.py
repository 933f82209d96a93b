"""Print the gateway's OpenAPI document, from which the types of the portal's scripts are made."""

import json
import sys

from gateway.main import create_app
from gateway.settings import GatewaySettings

# The application is created but not served.
settings = GatewaySettings.model_validate(
    {
        "database_url": "sqlite:////nonexistent/lobule.db",
        "redis_url": "redis://localhost:1/0",
        "object_store_url": "file:///nonexistent",
        "internal_token": "x" * 32,
        "secret_key": "x" * 32,
    }
)
json.dump(create_app(settings).openapi(), sys.stdout)
