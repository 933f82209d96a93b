"""In a real Chromium: another patient's film, films of several examinations, removing and replacing an image."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def film(tmp_path, draw_film, write_dicom):
    """A DICOM film; each number is another."""

    def make(number: int, **tags) -> bytes:
        path = tmp_path / f"{number}.dcm"
        return write_dicom(path, draw_film(80, 70, seed=number), 12, **tags).read_bytes()

    return make


def choose(page, **files: bytes) -> None:
    named = [{"name": f"{name}.dcm", "mimeType": "", "buffer": content} for name, content in files.items()]
    page.set_input_files("#files", named)
    expect(page.locator(".entry[data-state='chosen']")).to_have_count(len(files))


def accept(page, entry):
    """Say that a film belongs to the patient, and wait until it is the second one that is sent."""
    entry.get_by_role("button", name="Same patient: add it").click()
    expect(page.locator(".entry[data-state='following']")).to_have_count(2)


def test_another_patient_s_film_waits_for_the_user_s_word(logged_in, film, client, alice, tmp_path):
    page = logged_in("/new", viewport={"width": 1200, "height": 900})
    page.route("**/api/v1/previews", lambda route: route.abort())  # nothing is known of the files before they are sent
    choose(page, RCC=film(1, PatientID="1"))
    page.get_by_label(re.compile("pseudonym", re.I)).fill("P-TWO")
    choose_more = film(2, PatientID="2", PatientName="Other^Somebody")
    page.set_input_files("#files", [{"name": "LCC.dcm", "mimeType": "", "buffer": choose_more}])
    third = film(3, PatientID="3")
    page.set_input_files("#files", [{"name": "LMLO.dcm", "mimeType": "", "buffer": third}])
    expect(page.locator(".entry[data-state='chosen']")).to_have_count(3)
    page.locator("[data-role='submit']").click()
    refused = page.locator(".entry[data-state='failed']")
    expect(refused).to_have_count(2)
    words = refused.first.locator("[data-role='failure']")
    expect(words).to_contain_text("another patient")
    expect(words).to_contain_text("patient ID differs")
    page.screenshot(path=tmp_path / "other-patient.png", full_page=True)
    refused.last.get_by_role("button", name="Leave it out").click()
    expect(page.locator(".entry")).to_have_count(2)
    accept(page, refused.first)
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 2


def test_another_patient_s_film_is_warned_of_before_it_is_sent(logged_in, film, client, alice, tmp_path):
    page = logged_in("/new", viewport={"width": 390, "height": 900})
    choose(
        page, RCC=film(1, PatientID="1", StudyDate="20260301"), LCC=film(2, PatientID="2"), LMLO=film(3, PatientID="2")
    )
    first, second, third = (page.locator(".entry").nth(index) for index in range(3))
    for warned in (second, third):
        expect(warned.get_by_role("alert")).to_contain_text("another patient than the other images do")
        expect(warned.get_by_role("alert")).to_contain_text("The patient ID differs.")
    expect(first.locator("[data-role='other-patient']")).to_be_hidden()
    expect(first.locator("[name='study_date']")).to_have_value("2026-03-01")
    page.screenshot(path=tmp_path / "warned.png", full_page=True)
    # They do not hang, and are not sent.
    expect(page.locator("[data-role='held']")).to_contain_text("held back until you decide: LCC.dcm and LMLO.dcm")
    expect(page.locator('.place[data-view="RCC"]')).to_have_attribute("data-state", "chosen")
    for view in ("LCC", "LMLO"):
        expect(page.locator(f'.place[data-view="{view}"]')).to_have_attribute("data-state", "missing")
    expect(page.locator("[data-role='hanging']")).to_contain_text("Missing: LCC, RMLO and LMLO")
    expect(page.locator("[data-role='submit']")).to_have_text("Upload and analyse 1 image")
    second.get_by_role("button", name="Same patient: add it").click()
    expect(second.locator("[data-role='other-patient']")).to_be_hidden()
    expect(page.locator("[data-role='submit']")).to_have_text("Upload and analyse 2 images")
    first.get_by_role("button", name="Remove").click()
    expect(page.locator("[data-role='other-patient']:visible")).to_have_count(0)
    assert client.get("/api/v1/cases", headers=alice).json()["items"] == []


def test_a_film_that_was_held_back_is_sent_once_the_user_says_so(logged_in, film, client, alice):
    page = logged_in("/new")
    choose(page, RCC=film(1, PatientID="1"), LCC=film(2, PatientID="2"))
    held = page.locator(".entry[data-held]")
    expect(held).to_have_count(1)
    page.locator("[data-role='submit']").click()
    expect(page.locator(".entry[data-state='following']")).to_have_count(1)
    expect(page.locator("[data-role='summary']")).to_contain_text("1 needs your attention")
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 1
    accept(page, held)
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 2


def test_an_archive_fills_the_places_of_its_films(logged_in, film, picture, tmp_path):
    """What is no image is left out and named; fields and files that cannot be sent have lists of their own."""
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as study:
        study.writestr("IMAGES/RCC.dcm", film(1))
        study.writestr("DICOMDIR", bytes(128) + b"DICM")
        study.writestr("viewer/viewer.exe", b"MZ")
    page = logged_in("/new", viewport={"width": 1440, "height": 900})
    page.set_input_files("#files", archive)
    expect(page.locator(".entry[data-state='chosen']")).to_have_count(1)
    expect(page.locator("[data-role='left']")).to_have_text("1 file without an image was left out: viewer.exe")
    place = page.locator('.place[data-view="RCC"]')
    expect(place).to_have_attribute("data-state", "chosen")
    expect(page.locator('.place[data-view="LCC"]')).to_have_attribute("data-state", "missing")
    others = [("field_40X.png", picture(9)), ("notes.pdf", b"%PDF-1.7")]
    page.set_input_files("#files", [{"name": name, "mimeType": "", "buffer": content} for name, content in others])
    expect(page.locator('[data-tray="others"] .entry')).to_contain_text("field_40X.png")
    expect(page.locator('[data-tray="rejected"] .entry')).to_contain_text("notes.pdf")
    expect(page.locator("[data-role='submit']")).to_be_in_viewport()
    page.screenshot(path=tmp_path / "new-case.png")


def test_what_was_said_otherwise_than_by_the_file_is_told(logged_in, film):
    page = logged_in("/new")
    choose(page, RCC=film(1, StudyDate="20260301"))
    page.locator("[name='study_date']").fill("2025-01-02")
    page.locator("[data-role='submit']").click()
    told = page.locator("[data-role='conflicts']")
    expect(told).to_contain_text("2 Jan 2025")
    expect(told).to_contain_text("the file says 1 Mar 2026")


@pytest.fixture
def two_examinations(study, film):
    """A case with a film of today's examination and one of an earlier one, of the same view."""
    view = {"view": "CC", "laterality": "R", "name": "a.dcm"}
    old = study.add(film(21), probability=0.95, study_date="2023-05-01", **view)
    new = study.add(film(22), probability=0.05, study_date="2026-03-01", **view)
    return old, new


def test_priors_stand_apart_and_never_hang_as_today_s(logged_in, study, two_examinations, tmp_path):
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    hung = page.locator('.pane[data-view="RCC"]')
    expect(hung.locator("[data-role='file']")).to_contain_text("1 Mar 2026")
    prior = page.locator(".strip .thumb[data-prior]")
    expect(prior).to_have_count(1)
    expect(prior).to_contain_text("2023")
    prior.click()
    panes = page.locator(".pane:visible")
    expect(panes).to_have_count(2)
    expect(panes.first.locator("[data-role='file']")).to_contain_text("1 Mar 2026")
    expect(panes.last.locator("[data-role='name']")).to_contain_text("prior of 1 May 2023")
    page.screenshot(path=tmp_path / "priors.png")


def test_a_prior_of_another_case_hangs_beside_today_s_film(logged_in, study, film, client, alice, worker, upload):
    other = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-OLD"}).json()["id"]
    old = film(41, PatientID="7", StudyDate="20230501")
    told = {"modality": "mammography", "view": "CC", "laterality": "R"}
    study.analyse(upload(old, name="old.dcm", case_id=other, **told).json()["job"]["id"])
    study.add(film(42, PatientID="7", StudyDate="20260301"), view="CC", laterality="R", name="new.dcm")
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    found = page.locator("[data-role='earlier']")
    expect(found.get_by_role("link", name="Open that case")).to_have_attribute("href", f"/cases/{other}")
    found.get_by_role("button", name="1 May 2023 · 1 film").click()
    panes = page.locator(".pane:visible")
    expect(panes).to_have_count(2)
    expect(panes.last.locator("[data-role='name']")).to_contain_text("prior of 1 May 2023")
    expect(found.get_by_role("button", name="1 May 2023")).to_be_focused()


def test_an_image_is_removed_after_a_second_yes(logged_in, study, two_examinations, tmp_path):
    old, new = two_examinations
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    page.locator('.pane[data-view="RCC"] [data-role="edit"]').click()
    dialog = page.locator("#edit")
    expect(dialog.locator("[name='study_date']")).to_have_value("2026-03-01")
    href = dialog.locator("[data-role='replace']").get_attribute("href")
    assert href == f"/new?case={study.case}&replaces={new}"
    dialog.get_by_role("button", name="Remove the image…").click()
    page.screenshot(path=tmp_path / "remove.png")
    dialog.get_by_role("button", name="Keep it").click()
    assert len(study.read()["images"]) == 2
    dialog.get_by_role("button", name="Remove the image…").click()
    dialog.get_by_role("button", name="Remove it").click()
    expect(dialog).to_be_hidden()
    assert [image["id"] for image in study.read()["images"]] == [old]


def test_a_file_takes_the_place_of_another(logged_in, study, two_examinations, film):
    _, new = two_examinations
    page = logged_in(f"/new?case={study.case}&replaces={new}")
    expect(page.get_by_text("replaces film-")).to_be_visible()
    choose(page, better=film(30))
    page.locator("[data-role='submit']").click()
    expect(page.locator(".entry[data-state='following']")).to_have_count(1)
    images = study.read()["images"]
    assert len(images) == 2
    assert new not in [image["id"] for image in images]
    assert [image["study_date"] for image in images] == ["2023-05-01", "2026-03-01"]
