"""Measures the reading page in Chromium: `python bench/portal.py [--films DIR] [--screens DIR] [--only glass]`.

It uses four films of 3328 x 4096 pixels in 16 bits, drawn here, or films of a folder, named like `..._R_..._CC`. Prints
the share of each pane that the breast fills at 1440 x 900; then, at 2560 x 1440, the times until the first film and
full depth are painted, requests and bytes, long tasks, and frame times while a film is zoomed, panned and windowed:
elapsed, and in processor time of each thread of Chromium. Everything runs on this machine, without a network.
"""

import argparse
import gzip
import io
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from portal_threads import processor_ms

from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.passwords import hash_password
from lobule.contracts.pictures import PictureFacts, Samples
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.launcher.redis_server import redis_command
from lobule.layout import OVERVIEW_FILE
from mammo_worker.films.crop import area_in_file, breast_area
from report.film_view import overview

VIEWS = ("RCC", "LCC", "RMLO", "LMLO")
WIDTH, HEIGHT, SPACING = 3328, 4096, 0.07
PASSWORD, INTERNAL = "a long password", "i" * 32
DISPLAY_SIDE = 1600
FRAMES = 100

WATCH = """
[window.longTasks, window.painted] = [[], {}];
window.pictures = []; // when each film was painted, by the worker that does
window.Worker = class extends Worker {
    constructor(...how) {
        super(...how);
        this.addEventListener('message', ({ data: { pane } }) => pane === 0 && window.pictures.push(performance.now()));
    }
};
new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longTasks.push(Math.round(duration));
}).observe({ type: 'longtask', buffered: true });
const look = () => {
    const panes = [...document.querySelectorAll('.pane:not([hidden])')];
    const now = Math.round(performance.now());
    if (panes.some(({ dataset }) => dataset.scale)) window.painted.first ??= now;
    if (panes.length === 4 && panes.every(({ dataset }) => dataset.scale)) window.painted.previews ??= now;
    const deep = (pane) => /^1\\d bit/.test(pane.querySelector('[data-role="depth"]').textContent);
    if (panes.length === 4 && panes.every(deep)) window.painted.depth ??= now;
    requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
GESTURE = """async ([gesture, frames]) => {
    const pane = document.querySelector('.pane[data-view="RCC"]');
    const { left, top, width, height } = pane.getBoundingClientRect();
    const middle = { clientX: left + width / 2, clientY: top + height / 2 };
    const at = { ...middle, bubbles: true, cancelable: true, pointerId: 1, isPrimary: true, pointerType: 'mouse' };
    const say = (name, more) => pane.dispatchEvent(new PointerEvent(name, { ...at, ...more }));
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    pane.setPointerCapture = () => {};
    const buttons = gesture === 'window' ? 2 : 1;
    if (gesture !== 'zoom') say('pointerdown', { buttons, button: gesture === 'window' ? 2 : 0 });
    const [intervals, work] = [[], []];
    window.pictures = [];
    let before = await frame();
    for (let step = 1; step <= frames; step += 1) {
        const by = 3 * step * (step % 40 < 20 ? 1 : 0.98);
        const deltaY = step <= frames / 2 ? -25 : 25;
        if (gesture === 'zoom') pane.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY }));
        else say('pointermove', { clientX: at.clientX - by, clientY: at.clientY + by / 2, buttons });
        const now = await frame(); // the page asked for its own drawing first, so that is done by now
        work.push(performance.now() - now);
        intervals.push(now - before);
        before = now;
    }
    if (gesture !== 'zoom') say('pointerup', { buttons: 0 });
    const { pictures } = window;
    return { intervals, work, pictures: pictures.slice(1).map((at, index) => at - pictures[index]) };
}"""


def drawn(view: str) -> NDArray[np.uint16]:
    """A breast at the chest wall, in 12 bits with noise, at the size of a usual film."""
    chance = np.random.default_rng(len(view))
    across, down = np.meshgrid(np.linspace(0, 1, WIDTH, dtype=np.float32), np.linspace(-1, 1, HEIGHT, dtype=np.float32))
    slope = 0.25 * (down + 1) if view.endswith("MLO") else 0
    inside = np.clip(1 - (across / (0.72 - slope * 0.3)) ** 2 - (down / 0.82) ** 2, 0, None)
    tissue = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT // 8, WIDTH // 8)).astype(np.float32), (0, 0), 6)
    grey = np.where(inside > 0, 700 + 1800 * np.sqrt(inside) + 9000 * cv2.resize(tissue, (WIDTH, HEIGHT)), 40)
    grey = grey + chance.normal(0, 12, grey.shape).astype(np.float32) * (inside > 0)
    film = np.clip(grey, 0, 4095).astype(np.uint16)
    return film if view[0] == "L" else np.ascontiguousarray(film[:, ::-1])


def from_folder(folder: Path, view: str) -> NDArray[np.uint16]:
    """The first film of a view in a folder, in 12 bits."""
    path = next(p for p in sorted(folder.iterdir()) if re.search(rf"_{view[0]}_.*_{view[1:]}\.", p.name))
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.uint16) * 16


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[str, object]]:
    """Run a gateway with its own Redis; yields its address and its application."""
    redis = subprocess.Popen(redis_command(folder / "redis.sock"))
    url = f"sqlite:///{folder}/bench.sqlite"
    migrate(url)
    settings = GatewaySettings(
        database_url=url,
        redis_url=f"unix://{folder}/redis.sock",
        object_store_url=(folder / "objects").as_uri(),
        internal_token=INTERNAL,
        secret_key="s" * 32,
        secure_cookies=False,
        log_level="ERROR",
    )
    app = create_app(settings)
    with app.state.sessions.begin() as session:
        hashed = hash_password(PASSWORD)
        session.add(User(username="reader", display_name="Reader", password_hash=hashed, role="clinician"))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app
    finally:
        server.should_exit = True
        thread.join(20)
        redis.terminate()


def fill(address: str, app, films: dict[str, NDArray[np.uint16]]) -> str:
    """Add a case with these films and the results that workers would leave; returns its path."""
    client = httpx.Client(base_url=address, timeout=60)
    grant = {"username": "reader", "password": PASSWORD}
    bearer = {"Authorization": f"Bearer {client.post('/api/v1/auth/token', json=grant).json()['access_token']}"}
    case = client.post("/api/v1/cases", headers=bearer, json={"pseudonym": "P-SYNTHETIC"}).json()["id"]
    for number, (view, film) in enumerate(films.items()):
        buffer = io.BytesIO()
        Image.new("L", (80, 70), 40 + number).save(buffer, "PNG")
        data = {"modality": "mammography", "case_id": case, "laterality": view[0], "view": view[1:]}
        files = {"file": (f"{view}.png", buffer.getvalue())}
        answer = client.post("/api/v1/images", headers=bearer, data=data, files=files).json()
        leave_result(client, app.state.store, answer["job"]["id"], film)
        height, width = film.shape
        samples = Samples(width=width, height=height, offset=0, step=1, low=0, high=4095)
        facts = PictureFacts(width=width, height=height, bits=12, samples=samples)
        prefix = f"images/{answer['image']['id']}/film"
        app.state.store.put(f"{prefix}/samples.u16", gzip.compress(film.astype("<u2").tobytes(), 1))
        app.state.store.put(f"{prefix}/{OVERVIEW_FILE}", gzip.compress(overview(film, facts), 6))
        app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())
    return f"/cases/{case}"


def leave_result(client: httpx.Client, store, job: str, film: NDArray[np.uint16]) -> None:
    def say(verb: str, **body):
        headers = {"Authorization": f"Bearer {INTERNAL}"}
        return client.post(f"/internal/v1/jobs/{job}/steps/inference/{verb}", json=body, headers=headers)

    claim = say("claim", worker="bench").json()
    height, width = film.shape
    scale = DISPLAY_SIDE / max(height, width)
    display = cv2.resize((film >> 4).astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    info = {"width": width, "height": height, "pixel_spacing_mm": (SPACING, SPACING)}
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    middle, reach = (width * 0.5, height * 0.5), width * 0.05
    outline = [
        (middle[0] + reach * np.cos(a) * (1 + 0.2 * np.sin(3 * a)), middle[1] + reach * np.sin(a)) for a in angle
    ]
    box = Box(x=middle[0] - 1.2 * reach, y=middle[1] - reach, width=2.4 * reach, height=2 * reach)
    finding = Finding(label="malignant", probability=0.8, probability_malignant=0.75, box=box, outline=outline)
    result = Result(
        image=ImageInfo.model_validate(claim["image"]).model_copy(update=info),
        model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing"),
        thresholds=Thresholds(low=0.2, high=0.7, finding=0.0),
        assessment="malignancy_suspected",
        probability_malignant=0.8,
        findings=[finding],
        breast=area_in_file(breast_area(film), None, film.shape, film.shape),
        display=DisplayImage(file="display.png", width=display.shape[1], height=display.shape[0]),
    )
    store.put(f"{claim['output_prefix']}/display.png", cv2.imencode(".png", display)[1].tobytes())
    store.put(f"{claim['output_prefix']}/result.json", result.model_dump_json().encode())
    say("complete", attempt=claim["attempt"]).raise_for_status()


def glass(page: Page, films: dict[str, NDArray[np.uint16]]) -> None:
    """Print the share of each pane that its breast fills, compared with the most that its shape allows."""
    for view, film in films.items():
        pane = page.locator(f'.pane[data-view="{view}"]')
        width, height, scale = pane.evaluate("pane => [pane.clientWidth, pane.clientHeight, +pane.dataset.scale]")
        tissue = (film[::4, ::4] > 0.03 * film.max()).astype(np.uint8)
        _, _, parts, _ = cv2.connectedComponentsWithStats(tissue)
        _, _, wide, tall, area = parts[1:][parts[1:, cv2.CC_STAT_AREA].argmax()] * (1, 1, 4, 4, 16)
        best = min(width / wide, height / tall)
        pixels = width * height / scale**2
        print(
            f"{view:5} pane {width} x {height}: the breast's box takes {wide * tall / pixels:.0%}, "
            f"tissue {area / pixels:.0%}; of the most that its shape allows {scale**2 / best**2:.0%}"
        )


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else max(values, default=0.0)


def speed(page: Page, path: str) -> None:
    """Print the times until films are painted, requests, long tasks and frame times."""
    page.goto("about:blank")  # the glance pane of the worklist still asks for films, which are not this page's
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.add_init_script(WATCH)
    page.goto(path)
    page.wait_for_function("() => window.painted.depth", timeout=120_000)
    painted = page.evaluate("window.painted")
    print(f"{len(received)} requests, {sum(received) / 1e6:.1f} MB")
    print("painted:", ", ".join(f"{what} {ms} ms" for what, ms in painted.items()))
    tasks = sorted(page.evaluate("window.longTasks"), reverse=True)
    print(f"tasks over 50 ms: {len(tasks)}, over 100 ms: {sum(ms > 100 for ms in tasks)}; the longest {tasks[:5]} ms")
    for gesture in ("zoom", "pan", "window"):
        if gesture == "pan":
            page.keyboard.press("+")  # a film that fits its pane cannot be panned
            page.keyboard.press("+")
        page.evaluate(GESTURE, [gesture, 20])
        before = processor_ms(os.getpid())
        times = page.evaluate(GESTURE, [gesture, FRAMES])
        taken = {name: (ms - before[name]) / FRAMES for name, ms in processor_ms(os.getpid()).items()}
        print(
            f"{gesture}: frames p95 {p95(times['intervals']):.1f} ms, drawing p95 {p95(times['work']):.1f} ms by the "
            f"clock; the film painted {len(times['pictures']) + 1} times, p95 {p95(times['pictures']):.1f} ms apart; "
            f"processor time a frame: {', '.join(f'{name} {ms:.1f} ms' for name, ms in taken.items())}"
        )
        page.keyboard.press("r")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, help="a folder of real films, for the glass")
    parser.add_argument("--screens", type=Path, help="folder for screenshots of the page")
    parser.add_argument("--only", choices=["glass", "speed"])
    arguments = parser.parse_args()
    make = (lambda view: from_folder(arguments.films, view)) if arguments.films else drawn
    films = {view: make(view) for view in VIEWS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))  # a socket needs a short path
        address, app = stack.enter_context(gateway(folder))
        path = fill(address, app, films)
        play = stack.enter_context(sync_playwright())
        browser = play.chromium.launch(executable_path="/usr/bin/chromium")
        stack.callback(browser.close)
        for kind, size in (("glass", (1440, 900)), ("speed", (2560, 1440))):
            if arguments.only not in (None, kind):
                continue
            page = browser.new_context(base_url=address, viewport={"width": size[0], "height": size[1]}).new_page()
            page.set_default_timeout(120_000)
            page.goto("/login")
            page.fill('[name="username"]', "reader")
            page.fill('[name="password"]', PASSWORD)
            page.locator('main button[type="submit"]').click()
            page.wait_for_url("**/")
            if kind == "speed":
                speed(page, path)
            else:
                page.add_init_script(WATCH)
                page.goto(path)
                page.wait_for_function("() => window.painted.depth")
                page.wait_for_timeout(500)
                glass(page, films)
            if arguments.screens:
                page.screenshot(path=arguments.screens / f"reading-{size[0]}.png")


if __name__ == "__main__":
    main()
