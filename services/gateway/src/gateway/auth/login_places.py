"""Limits the threads that logins use, so that waiting logins do not delay all other requests."""

from collections.abc import AsyncIterator

from fastapi import Depends, Request

LOGINS_AT_ONCE = 8
"""Of the 40 threads that requests share."""


async def _login_place(request: Request) -> AsyncIterator[None]:
    """Wait until few other logins are under way."""
    async with request.app.state.login_places:
        yield


LoginPlace = Depends(_login_place, scope="function")
