"""The worklist: its states with their numbers, its order, what stands for a case, and going through it by keys."""

import html
import re

import pytest
from playwright.sync_api import expect
from signed_apart import APART

from lobule.contracts.examination import (
    BreastReading,
    Change,
    ExaminationReading,
    Lesion,
    LesionChange,
    LesionMark,
    LesionPlace,
)
from lobule.contracts.result import Box, Finding


@pytest.fixture
def cases(client, alice, upload, worker, picture):
    """Three cases of Alice's: two empty ones, and one whose film of the right side is done."""
    found = [
        client.post("/api/v1/cases", headers=alice, json={"pseudonym": name}).json()["id"]
        for name in ("P-A", "P-B", "P-C")
    ]
    job = upload(picture(3), case_id=found[2], modality="mammography", view="CC", laterality="R").json()["job"]["id"]
    worker.infer(job)
    worker.render(job)
    return found


def chips(page: str) -> list[tuple[str, str, int, bool]]:
    """Address, state, number of cases, and whether it is shown, of each chip."""
    pattern = r'<a class="chip" href="([^"]+)" data-state="((?!unread)\w*)"( aria-current="true")?>.*?<b>(\d+)</b>'
    return [(address, state, int(count), bool(shown)) for address, state, shown, count in re.findall(pattern, page)]


def names(page: str) -> str:
    """The last letters of the cases of a page, in their order."""
    return "".join(re.findall(r">P-(\w)</a>", page))


def test_each_state_has_its_number_and_keeps_the_search(portal, cases, headers_of, client):
    client.post("/api/v1/cases", headers=headers_of("bob"), json={"pseudonym": "P-BOB"})
    assert [chip[1:] for chip in chips(portal.get("/").text)] == [
        ("", 3, True),
        ("empty", 2, False),
        ("ready", 1, False),
    ]
    found = chips(portal.get("/", params={"q": "P-C", "state": "empty"}).text)
    assert [chip[1:] for chip in found] == [("", 1, False), ("empty", 0, True), ("ready", 1, False)]
    assert all("q=P-C" in address for address, *_ in found)


def test_a_case_that_lacks_views_says_how_many_are_there(portal, cases, client, alice, upload, worker, picture):
    """A film of an earlier examination takes no place."""
    films = [("R", "MLO", 2026), ("L", "CC", 2020), ("L", "MLO", 2026), ("L", "CC", 2026)]
    for number, (side, view, year) in enumerate(films):
        said = {"modality": "mammography", "laterality": side, "view": view, "study_date": f"{year}-03-01"}
        last = upload(picture(10 + number), case_id=cases[2], **said).json()
        worker.infer(last["job"]["id"])
    assert re.findall(r"(\d) of 4 views", portal.get("/").text) == []
    client.delete(f"/api/v1/images/{last['image']['id']}", headers=alice)
    assert re.findall(r"(\d) of 4 views", portal.get("/").text) == ["3"]


def test_every_column_orders_the_list_both_ways(portal, cases):
    heads = re.findall(r'<th scope="col" class="(\w+)"[^>]*><a href="([^"]+)"', portal.get("/").text)
    assert [name for name, _ in heads] == ["suspicion", "case", "study", "modality", "images", "state", "reader", "age"]
    for name, address in heads:
        page = portal.get(address.replace("&amp;", "&")).text
        shown, turn = re.search(rf'class="{name}" aria-sort="(\w+)"><a href="([^"]+)"', page).groups()
        turned = portal.get(turn.replace("&amp;", "&")).text
        assert f'class="{name}" aria-sort="{({"ascending", "descending"} - {shown}).pop()}"' in turned
        assert names(turned) == names(page)[::-1], name
    assert names(portal.get("/?sort=pseudonym&reverse=1").text) == "CBA"


def test_a_film_of_each_side_stands_for_a_case(portal, client, alice, cases, upload, picture, worker):
    case = client.get("/api/v1/cases?q=P-C", headers=alice).json()["items"][0]
    assert case["modalities"] == ["mammography"]
    assert [one["laterality"] for one in case["thumbnails"]] == ["R"]
    left = upload(picture(4), case_id=cases[2], modality="mammography", view="CC", laterality="L").json()["job"]["id"]
    worker.infer(left)
    worker.render(left)
    case = client.get("/api/v1/cases?modality=mammography", headers=alice).json()["items"][0]
    assert [one["laterality"] for one in case["thumbnails"]] == ["R", "L"]
    assert case["thumbnails"][1]["job_id"] == left
    answer = client.get(f"/api/v1/jobs/{left}/thumbnail", headers=alice)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert client.get("/api/v1/cases?modality=mammo", headers=alice).json()["items"] == []
    assert f"/api/v1/jobs/{left}/thumbnail" in portal.get("/").text


def test_an_analysis_without_a_thumbnail_has_none(client, alice, job):
    answer = client.get(f"/api/v1/jobs/{job}/thumbnail", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.browser
def test_keys_go_from_case_to_case(logged_in, cases):
    page = logged_in("/?sort=pseudonym")
    links = page.locator("#list tbody th a")
    expect(links).to_have_count(3)
    assert all(row["height"] == 36 for row in (row.bounding_box() for row in page.locator("#list tbody tr").all()))
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("k")  # there is none before the first
    expect(links.nth(0)).to_be_focused()
    page.goto("/?sort=pseudonym&reverse=1")
    page.keyboard.press("j")
    page.keyboard.press("c")
    release = page.get_by_role("button", name="Release")
    expect(release).to_be_visible()
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("c")
    expect(release).to_have_count(0)
    page.get_by_label("Reader").select_option("none")
    expect(links).to_have_count(3)
    page.get_by_role("button", name="Save this view").click()
    page.get_by_label("Name of the view").fill("Nobody's")
    page.get_by_role("button", name="Save", exact=True).click()
    view = page.get_by_role("link", name="Nobody's 3")
    expect(view).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Delete the view Nobody's").click()
    expect(view).to_have_count(0)
    page.goto("/?sort=pseudonym")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("jk")
    expect(search).to_have_value("jk")
    search.fill("P-B")
    expect(links).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{cases[1]}")


def cell(page: str, name: str) -> str:
    """The words of a cell of the only row of a page."""
    [content] = re.findall(rf'<td class="{name}"[^>]*>(.*?)</td>', page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def read_together(worker, growth_mm: float | None, change: Change = "grown", place: LesionPlace | None = None) -> None:
    """Play the joint reading of films that wait for it: a lesion on the first of them has grown, or is new."""
    claims = iter(lambda: worker.claim_next("mammo"), None)
    claim = next(each for each in claims if each["step"] == "examination")
    mark = LesionMark(job_id=claim["examination"]["images"][0]["job_id"], finding_id="f1", view="CC")
    then, now = (None, None) if growth_mm is None else (15.4, 15.4 + growth_mm)
    since = LesionChange(change=change, growth=0.5, growth_mm=growth_mm, before_mm=then, now_mm=now, prior=None)
    lesion = Lesion(marks=[mark], probability_malignant=0.7, same_lesion=None, place=place, change=since)
    breast = BreastReading(
        laterality="R", views=["CC"], assessment="not_sure", probability_malignant=0.7, bi_rads=0, lesions=[lesion]
    )
    reading = ExaminationReading(method="rule", breasts=[breast], assessment="not_sure", probability_malignant=0.7)
    worker.store.put(f"{claim['output_prefix']}/examination.json", reading.model_dump_json().encode())
    said = worker.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"])
    assert said.status_code == 204, said.text


def test_a_row_says_the_step_of_its_analysis_until_films_are_read_together(
    portal, client, alice, study, upload, picture
):
    film = {"modality": "mammography", "view": "CC", "laterality": "R"}
    first, second = (upload(picture(n), case_id=study.case, **film).json()["job"]["id"] for n in (1, 2))
    assert cell(portal.get("/").text, "assessment") == "Step 1 of 3"
    study.analyse(first)
    assert cell(portal.get("/").text, "assessment") == "Step 2 of 3"
    study.analyse(second)
    page = portal.get("/").text
    assert (cell(page, "assessment"), 'data-live="true"' in page) == ("Malignancy suspected", True)
    assert 'aria-label="Step 3 of 3"' in page
    read_together(study.worker, None)
    page = portal.get("/").text
    assert (cell(page, "assessment"), 'data-live="false"' in page) == ("Malignancy suspected right", True)
    assert "Step 3" not in page


MIDDLE = {"across": None, "along": None, "clock": None, "depth": "middle", "retroareolar": False}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"across": "outer", "along": "upper", "clock": 10, "depth": "middle"}, "right · 10 o'clock · middle third"),
        ({"across": "outer", "depth": "posterior"}, "right · outer · posterior third"),
        ({"retroareolar": True}, "right · behind the nipple"),
    ],
)
def test_a_row_says_where_the_most_suspicious_lesion_lies(portal, study, picture, place, said):
    study.add(picture(1), laterality="R", view="CC")
    read_together(study.worker, None, place=LesionPlace.model_validate(MIDDLE | place))
    assert cell(portal.get("/").text, "assessment") == f"Malignancy suspected {said}"
    study.add(picture(2), laterality="L", view="CC")
    assert cell(portal.get("/").text, "assessment") == "Malignancy suspected", "it is of other films"


def test_earlier_examinations_are_counted_with_the_growth_since(
    portal, client, alice, study, picture, tmp_path, draw_film, write_dicom, upload
):
    def film(seed: int, day: str, case: str, patient: str = "7") -> str:
        path = write_dicom(tmp_path / f"{seed}.dcm", draw_film(80, 70, seed=seed), 12, StudyDate=day, PatientID=patient)
        said = {"modality": "mammography", "view": "CC", "laterality": "R", "case_id": case}
        return upload(path.read_bytes(), name=f"{seed}.dcm", **said).json()["job"]["id"]

    study.analyse(film(1, "20260301", study.case))
    assert cell(portal.get("/").text, "earlier") == ""
    study.analyse(film(2, "20240301", study.case))
    other, stranger = (
        client.post("/api/v1/cases", headers=alice, json={"pseudonym": name}).json()["id"] for name in ("P-O", "P-S")
    )
    for seed, day in ((3, "20220301"), (4, "20240301"), (5, "20270301")):  # one of a day that is counted already
        film(seed, day, other)
    film(6, "20200301", stranger, patient="8")
    read_together(study.worker, 2.6)
    assert cell(portal.get("/?q=P-READ").text, "earlier") == "2 +3 mm", "15.4 and 18.0 mm are shown as 15 and 18"
    newest = film(7, "20260301", study.case)
    assert cell(portal.get("/?q=P-READ").text, "earlier") == "2", "the growth is of other films"
    study.analyse(newest)
    read_together(study.worker, None, "new")
    assert cell(portal.get("/?q=P-READ").text, "earlier") == "2 new lesion"


def test_a_row_shows_the_categories_of_the_signed_report(portal, client, alice, study, picture):
    study.add(picture(1), laterality="R", view="CC")
    assert cell(portal.get("/").text, "bi_rads") == ""
    stated = {"breasts": {"right": {"bi_rads": 4}}} | APART
    assert client.post(f"/api/v1{study.url}/reports", headers=alice, json=stated).status_code == 201
    page = portal.get("/").text
    assert (cell(page, "bi_rads"), 'data-origin="signed"' in page) == ("4 | –", True)
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert (case["breasts"]["right"]["bi_rads"], case["breasts"]["left"]) == (4, None)
    study.add(picture(2), laterality="L", view="CC")
    page = portal.get("/").text
    assert (cell(page, "bi_rads"), 'data-origin="superseded"' in page) == ("4 | –", True)


@pytest.mark.browser
def test_a_wide_screen_glances_at_the_chosen_case(logged_in, study, cases, picture):
    mass = Finding(label="mass", probability=0.8, probability_malignant=0.7, box=Box(x=10, y=10, width=180, height=90))
    study.add(picture(1), [mass], laterality="R", view="CC", spacing=(0.1, 0.1))
    for growth_mm in (None, 2.6):  # of P-C first, whose film came first
        read_together(study.worker, growth_mm, "grown" if growth_mm else "stable", LesionPlace.model_validate(MIDDLE))
    page = logged_in("/?sort=pseudonym&reverse=1", viewport={"width": 2560, "height": 1440})
    pane = page.locator("#glance")
    expect(pane.locator("h2")).to_have_text("P-READ")
    expect(pane.locator("canvas[data-drawn]")).to_have_count(1)
    expect(pane.locator('[data-role="verdict"]')).to_have_text("Malignancy suspected")
    expect(pane.locator("ol li")).to_have_text(
        "70right · middle third · RCC · 18 mm larger by 3 mm since the earlier examination"
    )
    row = page.locator("tr[data-glanced]")
    expect(row).to_contain_text("P-READ")
    for width in (1024, 1180, 1440, 2000, 2560):
        page.set_viewport_size({"width": width, "height": 1440})
        assert page.locator("#list").evaluate("list => list.querySelector('.cases').offsetWidth <= list.clientWidth")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(pane.locator("h2")).to_have_text("P-C")
    expect(row).to_contain_text("P-C")
    expect(pane.locator("figure")).to_have_attribute("data-view", "RCC")
    page.locator("tbody tr").first.hover()
    expect(pane.locator("h2")).to_have_text("P-READ")
    pane.get_by_role("link", name="Open", exact=True).click()
    page.wait_for_url(f"**{study.url}")


@pytest.mark.browser
def test_a_narrow_screen_loads_nothing_for_a_glance(logged_in, cases):
    page = logged_in("/", viewport={"width": 1440, "height": 900})
    page.wait_for_load_state("networkidle")
    expect(page.locator("#glance")).to_be_hidden()
    asked = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert not [address for address in asked if "glance" in address]
