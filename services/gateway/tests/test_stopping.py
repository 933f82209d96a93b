"""A server that stops cancels the requests that take too long: they are told to come again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx

from gateway.middleware import AnswerWhenStopped


def test_a_request_that_is_cancelled_is_answered():
    async def ask() -> httpx.Response:
        waits = asyncio.Event()

        async def app(_scope, _receive, _send) -> None:
            waits.set()
            await asyncio.Event().wait()

        transport = httpx.ASGITransport(AnswerWhenStopped(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            request = asyncio.create_task(client.get("/api/v1/jobs"))
            await waits.wait()
            request.cancel()
            return await request

    with ThreadPoolExecutor(1) as thread:  # Playwright's loop may run in this one
        answer = thread.submit(asyncio.run, ask()).result()
    assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
    assert answer.headers["Retry-After"] == "5"
