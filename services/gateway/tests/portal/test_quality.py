"""Every page: axe-core finds nothing, the first view is light and does not jump, it fits every width."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).resolve().parents[4]
AXE = Path(os.environ.get("LOBULE_AXE", REPOSITORY / ".npm/node_modules/axe-core/axe.min.js"))
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIRST_VIEW_BYTES, FIRST_VIEW_REQUESTS, LAYOUT_SHIFT = 100_000, 30, 0.02

COUNT_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
WEIGH = """() => {
    const [page] = performance.getEntriesByType('navigation');
    const parts = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/static/'));
    return [page, ...parts].map(({ name, transferSize }) => [name, transferSize]);
}"""


@pytest.fixture
def pages(client, alice, upload, worker, picture):
    """Addresses of all pages, with something on each."""
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-2026-0042"}).json()["id"]
    uploads = [
        upload(picture(30), case_id=case, modality="mammography", view="CC", laterality="R"),
        upload(picture(31), case_id=case, modality="mammography", view="MLO", laterality="L"),
        upload(picture(32), case_id=case),
    ]
    jobs = [answer.json()["job"]["id"] for answer in uploads]
    worker.infer(jobs[0], findings=2)
    worker.render(jobs[0])
    claim = worker.claim(jobs[1])
    worker.say(jobs[1], "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="It is in colour.")
    worker.infer(jobs[2])
    worker.render(jobs[2])
    client.post(f"/api/v1/cases/{case}/reports", headers=alice, json={"comment": "Seen."})
    single = upload(picture(33)).json()["job"]["id"]
    client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-EMPTY"})
    found = ["/", "/?q=nobody", "/new", f"/new?case={case}", "/jobs", f"/jobs/{single}", f"/jobs/{jobs[0]}"]
    return [*found, f"/cases/{case}", "/models", "/api", "/help", "/no-such-page"]


@pytest.fixture
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        pytest.skip(f"axe-core is not at {AXE} (npm install --prefix .npm --no-save axe-core)")
    return AXE.read_text("utf-8")


def settle(page) -> None:
    """Let scripts draw what they draw first."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)


def violations(page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", STANDARDS)["violations"]
    return [f"{v['id']}: {node['target']} {node['failureSummary']}"[:300] for v in found for node in v["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, logged_in, pages, axe, scheme):
    login = open_page("/login", color_scheme=scheme)
    assert violations(login, axe) == []
    page = logged_in("/", color_scheme=scheme, locale="zh-CN" if scheme == "dark" else "en-GB")
    for path in pages:
        page.goto(path)
        settle(page)
        assert violations(page, axe) == [], path


def test_axe_finds_nothing_in_dialogs_and_chosen_files(logged_in, pages, axe, picture):
    page = logged_in(next(path for path in pages if path.startswith("/cases/")))
    settle(page)
    page.get_by_role("button", name="Sign").first.wait_for(state="attached")
    for name in ("shortcuts", "signing", "edit"):
        page.evaluate("name => document.getElementById(name).showModal()", name)
        assert violations(page, axe) == [], name
        page.evaluate("name => document.getElementById(name).close()", name)
    page.goto("/new")
    files = [{"name": "a_RIGHT_CC.png", "mimeType": "", "buffer": picture(40)}]
    files.append({"name": "notes.png", "mimeType": "", "buffer": b"words " * 90})
    page.set_input_files("#files", files)
    page.locator('.entry[data-state="refused"]').wait_for()
    assert violations(page, axe) == []


def test_the_first_view_is_light_and_nothing_jumps(logged_in, pages):
    page = logged_in("/help")
    page.add_init_script(COUNT_SHIFTS)
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in pages:
        page.goto(path)
        settle(page)
        parts = page.evaluate(WEIGH)
        assert sum(size for _, size in parts) < FIRST_VIEW_BYTES, (path, parts)
        assert len(parts) <= FIRST_VIEW_REQUESTS, path
        assert page.evaluate("window.shift") <= LAYOUT_SHIFT, path


@pytest.mark.parametrize("width", [360, 760, 1024, 2560])
def test_pages_fit_every_width(logged_in, pages, width):
    page = logged_in("/", viewport={"width": width, "height": 760})
    for path in pages:
        page.goto(path)
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_worklist_answers_quickly_with_a_thousand_cases(portal, client, app):
    import time

    from gateway.cases.models import Case
    from gateway.users.models import User

    with app.state.sessions.begin() as session:
        alice = session.query(User).filter_by(username="alice").one()
        session.add_all(Case(owner_id=alice.id, pseudonym=f"P-{number:04}") for number in range(1000))
    portal.get("/")
    seconds = []
    for _ in range(9):
        started = time.perf_counter()
        assert "P-0" in portal.get("/").text
        seconds.append(time.perf_counter() - started)
    print(f"worklist with 1,000 cases: median {sorted(seconds)[4] * 1000:.0f} ms")
