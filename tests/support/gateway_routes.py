"""The routes of the gateway, as its application has them."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.routes import ROUTERS


def routes_of(router: APIRouter) -> list[APIRoute]:
    """The routes of a router and of those that it includes."""
    inner = [getattr(route, "original_router", None) for route in router.routes]
    found = [route for route in router.routes if isinstance(route, APIRoute)]
    return found + [route for each in inner if each is not None for route in routes_of(each)]


def every_route() -> list[APIRoute]:
    """All routes, with a route for each set of methods of a path."""
    return [route for module in ROUTERS for route in routes_of(module.router)]
