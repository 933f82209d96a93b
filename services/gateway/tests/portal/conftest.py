"""A gateway that listens on a port, and a real Chromium that looks at it."""

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from played_worker import MODEL
from playwright.sync_api import Browser, Page

from lobule.contracts.result import Box, DisplayImage, Finding, HeatMap, ImageInfo, Result, Thresholds

WIDTH, HEIGHT = 600, 800  # of the film; its display image has half of that


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of a gateway that really listens; the fixtures that upload and play the worker use it too."""
    # A page that is closed leaves requests that wait for workers; they are cancelled, so that the loops end in time.
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the gateway did not start"
        assert time.monotonic() < deadline, "the gateway did not start in time"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    # Without `verify`, each client would read all certificates of the authorities.
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, verify=False) as client:
        client.app = app
        yield client
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive(), "the gateway did not stop"


@pytest.fixture
def session_cookie(cookie_of: Callable[[str], tuple[str, str]]) -> tuple[str, str]:
    """The cookie of a portal session of Alice's."""
    return cookie_of("alice")


@pytest.fixture
def portal(client: httpx.Client, session_cookie: tuple[str, str]) -> httpx.Client:
    """A client with Alice's portal session."""
    client.cookies.set(*session_cookie)
    return client


@pytest.fixture
def open_page(chromium: Browser, client: httpx.Client) -> Iterator[Callable[..., Page]]:
    """Opens a page of the gateway in its own browser context; fails the test on script errors or policy violations."""
    contexts, complaints = [], []

    def open_page(path: str = "/", cookie: tuple[str, str] | None = None, **options) -> Page:
        context = chromium.new_context(base_url=str(client.base_url), **options)
        if cookie:
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": str(client.base_url)}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.set_default_navigation_timeout(120_000)  # a machine that does much else besides
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda entry: complaints.append(entry.text) if _is_complaint(entry) else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(entry) -> bool:
    """Whatever a script or the policy complains of; a refused request is logged by the browser itself."""
    expected = entry.text.startswith("Failed to load resource") or "willReadFrequently" in entry.text
    return entry.type in ("error", "warning") and not expected


@pytest.fixture
def logged_in(open_page: Callable[..., Page], session_cookie: tuple[str, str]) -> Callable[..., Page]:
    """Opens a page as Alice."""
    return lambda path="/", **options: open_page(path, cookie=session_cookie, **options)


UPLOAD = b"POST /api/v1/images"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a network does that goes away


class CuttingProxy:
    """A network that breaks: passes bytes on, but while `broken` it cuts every upload off in its middle.

    Not the first alone: a browser itself sends anew what was cut off on a connection that it had used before.

    Args:
        port: Of the gateway, on this machine.
        after: Bytes of the upload that still come through.
    """

    def __init__(self, port: int, after: int) -> None:
        self._target, self._after = ("127.0.0.1", port), after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.broken, self.cuts, self.uploads = True, 0, 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                gateway = socket.create_connection(self._target)
                threading.Thread(target=self._forth, args=(browser, gateway), daemon=True).start()
                threading.Thread(target=self._back, args=(gateway, browser), daemon=True).start()

    def _forth(self, browser: socket.socket, gateway: socket.socket) -> None:
        passed: int | None = None
        with contextlib.suppress(OSError):
            while piece := browser.recv(65536):
                if UPLOAD in piece:
                    passed = 0
                if passed is not None:
                    passed += len(piece)
                if passed is not None and passed > self._after:  # one that ends before was on a connection that ended
                    passed = None
                    self.uploads += 1
                    if self.broken:
                        self.cuts += 1
                        for end in (browser, gateway):
                            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                            end.close()
                        return
                gateway.sendall(piece)
            gateway.shutdown(socket.SHUT_WR)

    def _back(self, gateway: socket.socket, browser: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := gateway.recv(65536):
                browser.sendall(piece)
            browser.shutdown(socket.SHUT_WR)


@pytest.fixture
def breaking_network(client: httpx.Client) -> Iterator[CuttingProxy]:
    """Another way to the gateway, on which uploads are cut off after a megabyte."""
    proxy = CuttingProxy(client.base_url.port, after=1_000_000)
    yield proxy
    proxy.close()


def ellipse() -> tuple[np.ndarray, list[tuple[float, float]]]:
    """A mask of the film and its outline, as a result holds it."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (250, 420), (120, 70), 25, 0, 360, 1, cv2.FILLED)
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return mask, [(float(x), float(y)) for x, y in contour[:, 0]]


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Study:
    """A case of Alice's with one film that the test analysed."""

    def __init__(self, client, alice, upload, worker, pseudonym="P-READ"):
        self.client, self.alice, self.worker, self.store = client, alice, worker, worker.store
        self.upload = upload
        self.case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": pseudonym}).json()["id"]
        self.url = f"/cases/{self.case}"

    def add(self, content, *result, modality="mammography", **options):
        """Upload a film and leave its result, as `analyse`; gives the image's id."""
        names = (
            "findings",
            "probability",
            "heat",
            "heat_kind",
            "tissue",
            "working",
            "hanging",
            "display",
            "spacing",
            "plane",
            "notices",
            "breast",
            "assessment",
        )
        drawn = {name: options.pop(name) for name in names if name in options}
        answer = self.upload(content, modality=modality, case_id=self.case, **options).json()
        self.analyse(answer["job"]["id"], *result, **drawn)
        return answer["image"]["id"]

    def fail_together(self):
        """Have the films not be read together, after all."""
        claim = self.worker.claim_next("mammo")
        failed = {"attempt": claim["attempt"], "code": "image_unreadable", "detail": "Damaged."}
        assert self.worker.post(claim["job_id"], "examination", "fail", **failed).status_code == 204

    def analyse(
        self,
        job,
        findings=(),
        probability=0.9,
        heat=None,
        heat_kind="evidence",
        tissue=None,
        working=0.0,
        hanging=None,
        display=None,
        spacing=None,
        plane=None,
        notices=(),
        breast=None,
        assessment=None,
    ):
        """Leave a result of a job that waits."""
        claim = self.worker.claim(job)
        thresholds = Thresholds(low=0.2, high=0.7, finding=working)
        info = ImageInfo.model_validate(claim["image"]).model_copy(
            update={
                "width": WIDTH,
                "height": HEIGHT,
                "hanging": hanging,
                "pixel_spacing_mm": spacing,
                "spacing_plane": plane or (spacing and "patient"),
            }
        )
        result = Result(
            image=info,
            model=MODEL,
            thresholds=thresholds,
            assessment=assessment or thresholds.assess(probability),
            probability_malignant=probability,
            findings=list(findings),
            notices=list(notices),
            breast=breast,
            tissue=tissue,
            display=DisplayImage(file="display.png", width=WIDTH // 2, height=HEIGHT // 2),
            heat_map=None
            if heat is None
            else HeatMap(kind=heat_kind, file="heat.png", method="drawn", meaning="nothing"),
        )
        prefix = claim["output_prefix"]
        plain = np.full((HEIGHT // 2, WIDTH // 2), 90, np.uint8)
        self.store.put(f"{prefix}/display.png", encoded(plain if display is None else display))
        if heat is not None:
            self.store.put(f"{prefix}/heat.png", encoded(heat))
        self.store.put(f"{prefix}/result.json", result.model_dump_json().encode())
        assert self.worker.post(job, "inference", "complete", attempt=claim["attempt"]).status_code == 204
        self.worker.render(job)

    def read(self):
        """The case as the API shows it."""
        return self.client.get(f"/api/v1/cases/{self.case}", headers=self.alice).json()


@pytest.fixture
def study(client, alice, upload, worker):
    return Study(client, alice, upload, worker)


@pytest.fixture
def masses():
    """Two findings: a malignant one with an outline, and a fainter benign one."""
    _, outline = ellipse()
    return [
        Finding(
            label="malignant",
            probability=0.8,
            probability_malignant=0.7,
            box=Box(x=120, y=320, width=260, height=200),
            outline=outline,
        ),
        Finding(
            label="benign", probability=0.3, probability_malignant=0.05, box=Box(x=400, y=600, width=80, height=60)
        ),
    ]
