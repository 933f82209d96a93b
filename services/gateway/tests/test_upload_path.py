"""Uploads pass through the functions that `docs/architecture.md` lists, and no others."""

import importlib
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import anyio.to_thread
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.requests import Request

import gateway
from gateway.images.models import Image
from gateway.jobs.models import Job, OutboxMessage

SOURCE = Path(gateway.__file__).parent
MIDDLEWARE = (
    *("asgi.py", "body_limit.py", "conditional.py", "cross_origin.py", "middleware.py"),
    *("journal.py", "progress_cache.py", "ranges.py", "reads.py", "refusals.py"),
)
DOCUMENT = Path(__file__).parents[3] / "docs" / "architecture.md"
HEADING = "### Functions in the gateway"
MOST_FUNCTIONS, MOST_MODULES = 8, 5
ROWS = (Image, Job, OutboxMessage)
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def listed() -> list[str]:
    """`file:function` of each step, as the document lists them."""
    _, _, section = DOCUMENT.read_text("utf-8").partition(HEADING)
    return re.findall(r"^\d+\. `([\w/]+\.py:[\w.]+)`", section.partition("\n#")[0], re.MULTILINE)


class Trace:
    """Which functions of the gateway are being called whenever an upload moves.

    It moves when its bytes are read from the request, when they are written to the store, and when a row of it is added
    to the transaction. A function that a thread of the pool calls was called by whoever gave it to the pool.

    The functions that move it are replaced: with a profile function, which sees every call, CPython 3.11.2 crashes.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.functions: set[str] = set()
        self._given: dict[CodeType, set[str]] = defaultdict(set)
        stream, add, run_sync = Request.stream, Session.add, anyio.to_thread.run_sync

        async def traced_stream(request: Request) -> AsyncIterator[bytes]:
            async for piece in stream(request):
                self.functions |= self._callers()
                yield piece

        def traced_add(session: Session, instance: object, **options: Any) -> None:
            if isinstance(instance, ROWS):
                self.functions |= self._callers()
            add(session, instance, **options)

        async def traced_run(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
            called = function.func if isinstance(function, partial) else function
            if getattr(called, "__name__", "") == "write":
                self.functions |= self._callers()
            elif inspect.ismethod(called) or inspect.isfunction(called):
                self._given[called.__code__] |= self._callers()
            return await run_sync(function, *args, **options)

        patch.setattr(Request, "stream", traced_stream)
        patch.setattr(Session, "add", traced_add)
        patch.setattr(anyio.to_thread, "run_sync", traced_run)

    def _callers(self) -> set[str]:
        frame: FrameType | None = sys._getframe()
        found = set()
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(SOURCE) and path.name not in MIDDLEWARE:
                found |= {f"{path.relative_to(SOURCE)}:{frame.f_code.co_qualname}"} | self._given[frame.f_code]
            frame = frame.f_back
        return found


@pytest.fixture
def traced(app, monkeypatch) -> Callable[[Callable[[TestClient], object]], set[str]]:
    """Traces what a client does."""

    def traced(do: Callable[[TestClient], object]) -> set[str]:
        with monkeypatch.context() as patch:
            trace = Trace(patch)
            do(TestClient(app))
        return trace.functions

    return traced


def test_the_document_names_few_functions_and_all_exist(listed):
    assert 0 < len(listed) <= MOST_FUNCTIONS
    assert len({step.partition(":")[0] for step in listed}) <= MOST_MODULES
    for step in listed:
        module, _, name = step.partition(":")
        found = importlib.import_module("gateway." + module.removesuffix(".py").replace("/", "."))
        for part in name.split("."):
            found = getattr(found, part)
        assert inspect.isfunction(found), step


def test_an_upload_takes_the_way_of_the_document(traced, alice, picture, listed):
    def upload(client: TestClient, **fields: str) -> dict:
        data = {"modality": "histopathology"} | fields
        answer = client.post("/api/v1/images", headers=alice, data=data, files={"file": ("a.png", picture())})
        assert answer.status_code == 202, answer.text
        return answer.json()

    assert traced(upload) == set(listed)


def test_an_upload_in_the_place_of_an_image_takes_the_same_way(traced, alice, upload, client, picture, listed):
    case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).json()["id"]
    replaced = upload(case_id=case).json()["image"]["id"]

    def replace(client: TestClient) -> None:
        data = {"modality": "histopathology", "case_id": case, "replaces": replaced}
        answer = client.post("/api/v1/images", headers=alice, data=data, files={"file": ("a.png", picture(7))})
        assert answer.status_code == 202, answer.text

    assert traced(replace) == set(listed)


def test_diagnose_takes_the_same_way(traced, picture, listed):
    def diagnose(client: TestClient) -> None:
        data = {"username": "alice", "password": PASSWORD}
        headers = {"Prefer": "wait=0"}
        answer = client.post("/api/v1/diagnose", headers=headers, data=data, files={"file": ("a.png", picture())})
        assert answer.status_code == 202, answer.text

    own = {"diagnose/endpoints.py:diagnose", "diagnose/endpoints.py:_submit"}
    assert traced(diagnose) - own == set(listed) - {"uploads/endpoints.py:upload_image"}
