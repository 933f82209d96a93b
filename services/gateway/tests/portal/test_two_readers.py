"""A case that two people read, as its readers and the arbiter see it; the sample case and the tour."""

import pytest
from playwright.sync_api import expect
from signed_apart import APART
from signing_dialog import DESK, sign, state, submit

pytestmark = pytest.mark.browser


@pytest.fixture
def app(make_app):
    return make_app(double_reading="recall")


@pytest.fixture
def people(client, study, new_user, headers_of, root):
    """Headers of Alice, Bob and Carol, who share the case."""
    new_user("carol")
    group = client.post("/api/v1/groups", headers=root, json={"name": "Screening"}).json()["id"]
    for name in ("alice", "bob", "carol"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    client.put(f"/api/v1/cases/{study.case}/group", headers=study.alice, json={"group_id": group})
    return {name: headers_of(name) for name in ("alice", "bob", "carol")}


def test_each_signs_a_read_and_the_arbiter_sees_both(client, study, masses, picture, people, open_page, cookie_of):
    study.add(picture(60), masses, laterality="R", view="CC")
    job = study.read()["images"][0]["job"]["id"]
    client.put(f"/api/v1/cases/{study.case}/reviews/{job}/f1", headers=people["alice"], json={"verdict": "confirmed"})
    page = open_page(study.url, cookie=cookie_of("bob"), viewport=DESK)
    two = page.locator('[data-role="two"]')
    expect(two).to_contain_text("You can see the other read once both are signed.")
    expect(page.locator(".finding [aria-pressed=true]")).to_have_count(0)
    state(page, bi_rads=2, recommendation="routine_screening")
    sign(page)
    expect(page.get_by_role("dialog", name="Sign my read")).to_contain_text("The report follows once both have signed")
    submit(page)
    expect(two).to_contain_text("The case waits for a second reader.")
    expect(page.locator('.panel [data-role="sign"]')).to_be_hidden()
    expect(page.get_by_role("button", name="Next case")).to_be_focused()
    expect(two.get_by_role("button", name="Withdraw my read")).to_be_visible()

    said = {"breasts": {"right": {"bi_rads": 4, "density": "b"}}, "comment": "Spiculated."} | APART
    assert client.post(f"/api/v1/cases/{study.case}/reads", headers=people["alice"], json=said).status_code == 201

    page = open_page(study.url, cookie=cookie_of("carol"), viewport=DESK)
    two = page.locator('[data-role="two"]')
    expect(two).to_contain_text("They disagree on: Right breast: recall")
    expect(two.locator("thead th")).to_have_text(["First reader\nbob", "Second reader\nalice"])
    expect(two.locator("tbody")).to_contain_text("Spiculated.")
    confirmed = two.get_by_role("row", name="Confirmed findings").locator("td")
    expect(confirmed).to_have_text(["", "RCC, finding 1"])  # a count would be taken for the number of a finding
    # Nothing in the panel makes the page longer than the window.
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    expect(page.locator('.panel [data-role="sign"]')).to_have_text("Sign as arbiter")
    state(page, bi_rads=4, recommendation="biopsy")
    sign(page)
    submit(page)
    expect(two).to_contain_text("The arbiter has decided.")
    expect(page.locator(".versions")).to_contain_text("Version 1")
    assert [each["role"] for each in two_reads(client, study, people)] == ["first", "second", "arbiter"]

    # The worklist has a column more, and fits a narrow desk all the same, with the place of a lesion in words.
    page.goto("/")
    row = page.locator("tbody tr")
    expect(row.locator(".reader")).to_have_text("bob")
    expect(row.locator(".second")).to_have_text("alice settled by carol")
    page.evaluate(
        """() => {
            const site = '<small class="site">right · outer and upper · posterior third</small>';
            document.querySelector('tbody .assessment').innerHTML = `Malignancy suspected ${site}`;
            const before = '<small>signed before as version 1</small>';
            document.querySelector('tbody .state').innerHTML = `Waits for a second reader ${before}`;
            document.querySelector('tbody .case a').textContent = 'SCREENING-2026-000123';
        }"""
    )
    for width in (1280, 1440, 1600, 1601):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_finding_on_which_readers_differ_says_so(client, study, masses, picture, people, open_page, cookie_of):
    study.add(picture(60), masses, laterality="R", view="CC")
    job = study.read()["images"][0]["job"]["id"]
    for name, verdict, category in (("alice", "confirmed", 4), ("bob", "dismissed", 2)):
        review = f"/api/v1/cases/{study.case}/reviews/{job}/f1"
        assert client.put(review, headers=people[name], json={"verdict": verdict}).status_code == 200
        said = {"breasts": {"right": {"bi_rads": category, "density": "b"}}, "comment": "Seen."} | APART
        assert client.post(f"/api/v1/cases/{study.case}/reads", headers=people[name], json=said).status_code == 201
    page = open_page(study.url, cookie=cookie_of("carol"), viewport=DESK)
    page.locator(".finding").first.click()
    expect(page.locator(".finding").first.locator(".by")).to_contain_text("not settled: alice, bob differ")


def two_reads(client, study, people):
    return client.get(f"/api/v1/cases/{study.case}/reads", headers=people["bob"]).json()["reads"]


def test_somebody_new_takes_the_tour_and_opens_the_sample(client, alice, open_page, cookie_of):
    page = open_page("/", cookie=cookie_of("alice"))
    page.get_by_role("button", name="Take the tour").click()
    tour = page.get_by_role("dialog")
    expect(tour).to_contain_text("Step 1 of 6")
    page.keyboard.press("ArrowRight")
    expect(tour.get_by_role("heading")).to_have_text("A new case")
    expect(page.locator("[data-toured]")).to_have_text("New case")
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Take the tour")).to_have_count(0)
    page.goto("/help")
    page.get_by_role("link", name="Take the tour").click()
    expect(page.get_by_role("dialog")).to_contain_text("Step 1 of 6")
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Open a sample case").click()
    page.wait_for_url("**/cases/*")
    expect(page.locator(".message.sample")).to_contain_text("It cannot be signed.")
    page.get_by_role("button", name="Delete the sample").click()
    expect(page.get_by_role("button", name="Open a sample case")).to_be_visible()
    assert client.get("/api/v1/cases", headers=alice).json()["items"] == []


@pytest.mark.parametrize("reader", ["bob", "alice"])
def test_the_page_is_sent_with_its_claim(client, study, masses, picture, people, open_page, cookie_of, reader):
    """Before any script runs: a bar that comes later would push the films about."""
    study.add(picture(60), masses, laterality="R", view="CC")
    assert client.post(f"/api/v1/cases/{study.case}/claim", headers=people[reader]).status_code == 200
    page = open_page(study.url, cookie=cookie_of("alice"), viewport=DESK, java_script_enabled=False)
    claimed, claim = page.locator('[data-role="claimed"]'), page.locator('[data-role="claim"]')
    if reader == "alice":
        expect(claim).to_have_text("Release")
        expect(claimed).to_be_hidden()
    else:
        expect(claimed).to_contain_text("bob has been reading this case since")
        expect(claim).to_be_hidden()


def test_what_another_reads_cannot_be_judged_or_signed(client, study, masses, picture, people, open_page, cookie_of):
    study.add(picture(60), masses, laterality="R", view="CC")
    client.post(f"/api/v1/cases/{study.case}/claim", headers=people["bob"])
    page = open_page(study.url, cookie=cookie_of("alice"), viewport=DESK)
    expect(page.locator(".finding").first).to_be_visible()
    expect(page.locator('.panel [data-role="sign"]')).to_have_attribute("inert", "")
    client.post(f"/api/v1/cases/{study.case}/release", headers=people["bob"])
    page.reload()
    expect(page.locator('.panel [data-role="sign"]')).not_to_have_attribute("inert", "")
    page.locator('[data-role="claim"]').click()
    expect(page.locator('[data-role="claim"]')).to_have_text("Release")
