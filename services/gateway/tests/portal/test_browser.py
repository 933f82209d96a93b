"""A real Chromium goes through the portal; the test plays the worker."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def send(logged_in, picture, tmp_path):
    """Uploads a picture through the page and leaves the browser where it then is; gives the page and the job's id."""

    def send(colour: int = 50, name: str = "SOB_M_DC-14-2523-100-004.png", **options):
        page = logged_in("/new", **options)
        path = tmp_path / name
        path.write_bytes(picture(colour))
        page.set_input_files("#file", path)
        page.get_by_role("button", name="Upload and analyse").click()
        page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]+$"))
        return page, page.url.rsplit("/", 1)[-1]

    return send


def step(page, name: str):
    return page.locator(f'[data-step="{name}"]')


class TestLogin:
    def test_a_wrong_password_is_told_and_focus_waits_for_the_right_one(self, open_page):
        page = open_page("/new")
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        page.keyboard.type("correct horse battery staple")
        page.keyboard.press("Enter")
        page.wait_for_url("**/new")


class TestChoosing:
    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("empty.png", b"", "empty"),
            ("notes.png", b"just text" * 30, "not such an image"),
            ("moving.gif", b"GIF89a" + bytes(200), "GIF"),
            ("slide.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60" + bytes(50), "60000 x 60000"),
            ("dot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01" + bytes(50), "at least 64"),
        ],
    )
    def test_refuses_before_sending(self, logged_in, name, content, words):
        page = logged_in("/new")
        page.set_input_files("#file", {"name": name, "mimeType": "", "buffer": content})
        expect(page.locator("#file-problem")).to_contain_text(words)
        expect(page.get_by_role("button", name="Upload and analyse")).to_be_disabled()

    def test_refuses_what_is_too_large(self, logged_in, app):
        app.state.settings.max_upload_bytes = 1000
        page = logged_in("/new")
        page.set_input_files("#file", {"name": "a.png", "mimeType": "", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(2000)})
        expect(page.locator("#file-problem")).to_contain_text("at most 1000 bytes")

    def test_previews_and_guesses_and_can_be_corrected(self, logged_in, picture):
        page = logged_in("/new")
        page.set_input_files("#file", {"name": "SOB_B_A-14-1-200-001.png", "mimeType": "", "buffer": picture()})
        expect(page.get_by_alt_text("Preview of SOB_B_A")).to_be_visible()
        expect(page.get_by_text("80 x 70 pixels")).to_be_visible()
        expect(page.get_by_label("Magnification")).to_have_value("200X")
        dicom = bytes(128) + b"DICM" + bytes(100)
        page.set_input_files("#file", {"name": "patient_RMLO", "mimeType": "", "buffer": dicom})
        expect(page.get_by_text("no preview of DICOM")).to_be_visible()
        expect(page.get_by_label("Mammography")).to_be_checked()
        expect(page.locator("[name=view]")).to_have_value("MLO")
        expect(page.locator("[name=laterality]")).to_have_value("R")
        page.get_by_label("Histopathology").check()
        expect(page.get_by_label("Magnification")).to_be_visible()
        expect(page.locator("[name=view]")).to_be_hidden()

    def test_takes_a_dropped_file(self, logged_in, picture):
        page = logged_in("/new")
        page.evaluate(
            """bytes => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], 'dropped.png'));
                const drop = new DragEvent('drop', {dataTransfer: data, cancelable: true});
                document.getElementById('drop').dispatchEvent(drop);
            }""",
            list(picture()),
        )
        expect(page.get_by_alt_text("Preview of dropped.png")).to_be_visible()


class TestFollowing:
    def test_from_upload_to_report(self, send, worker):
        page, job = send()
        expect(step(page, "upload")).to_have_attribute("data-state", "done")
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        claim = worker.claim(job)
        expect(step(page, "inference")).to_have_attribute("data-state", "running")
        page.reload()  # and it goes on where it was
        expect(step(page, "inference")).to_have_attribute("data-state", "running")
        worker.leave_result(claim)
        worker.say(job, "inference", "complete", attempt=claim["attempt"])
        worker.render(job)
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.locator("#report")).to_contain_text("90%")
        expect(page.locator("#report")).to_be_in_viewport()
        expect(page.locator("#report")).to_be_focused()
        assert page.locator('[data-role="picture"]').evaluate("image => image.naturalWidth") == 80
        page.get_by_text("Read the full report here").click()
        assert f"/api/v1/jobs/{job}/report?format=html" in (page.get_attribute("iframe", "src") or "")
        expect(page.get_by_role("link", name="Full report")).to_have_attribute("href", re.compile("format=html$"))

    def test_marks_the_step_that_failed_and_tries_again(self, send, worker):
        page, job = send(51)
        claim = worker.claim(job)
        words = "The analysis took too long."
        worker.say(job, "inference", "fail", attempt=claim["attempt"], code="timed_out", detail=words)
        expect(step(page, "inference")).to_have_attribute("data-state", "failed")
        expect(page.locator('[data-role="failure"]')).to_contain_text(f"Analysis failed: {words}")
        page.get_by_role("button", name="Try again").click()
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        expect(page.locator('[data-role="failure"]')).to_be_hidden()

    def test_offers_no_second_try_for_an_image_that_cannot_be_analysed(self, send, worker):
        page, job = send(52)
        claim = worker.claim(job)
        worker.say(job, "inference", "fail", attempt=claim["attempt"], code="not_histology", detail="Not tissue.")
        expect(page.get_by_role("link", name="Choose another image")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_hidden()

    def test_a_report_that_fails_leaves_the_conclusion(self, send, worker):
        page, job = send(53)
        worker.infer(job)
        claim = worker.claim(job, "report")
        worker.say(job, "report", "fail", attempt=claim["attempt"], code="internal_error", detail="No paper.")
        expect(step(page, "report")).to_have_attribute("data-state", "failed")
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.get_by_role("link", name="Full report")).to_be_hidden()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()

    def test_cancels(self, send):
        page, _ = send(54)
        page.get_by_role("button", name="Cancel").click()
        expect(step(page, "inference")).to_have_attribute("data-state", "cancelled")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()

    def test_survives_a_network_that_goes_away(self, send, worker):
        page, job = send(55)
        page.context.set_offline(True)
        expect(page.locator('[data-role="connection"]')).to_contain_text("asking again in")
        worker.infer(job)
        worker.render(job)
        page.context.set_offline(False)
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.locator('[data-role="connection"]')).to_be_hidden()

    def test_never_asks_twice_at_once(self, send):
        page, _ = send(56)
        page.evaluate(
            """() => {
                const original = fetch;
                window.together = window.most = window.all = 0;
                window.fetch = async (...call) => {
                    window.all += 1;
                    window.most = Math.max(window.most, window.together += 1);
                    await new Promise((done) => setTimeout(done, 700));
                    try { return await original(...call); } finally { window.together -= 1; }
                };
            }"""
        )
        for _ in range(10):
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(150)
        page.wait_for_function("window.all >= 2")
        assert page.evaluate("window.most") == 1

    def test_a_duplicate_leads_to_the_analysis_that_is_there(self, send, logged_in, picture, tmp_path):
        _, job = send(57)
        page = logged_in("/new")
        page.set_input_files("#file", {"name": "again.png", "mimeType": "", "buffer": picture(57)})
        page.get_by_role("button", name="Upload and analyse").click()
        expect(step(page, "upload")).to_have_attribute("data-state", "failed")
        page.get_by_role("link", name="Show the analysis that is there").click()
        page.wait_for_url(f"**/jobs/{job}")


class TestWorklist:
    def test_changes_by_itself(self, logged_in, job, worker):
        page = logged_in("/")
        expect(page.get_by_text("Waiting")).to_be_visible()
        worker.infer(job)
        worker.render(job)
        expect(page.get_by_text("Malignancy suspected")).to_be_visible()


class TestLayout:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_fits_a_telephone(self, send, worker, scheme):
        page, job = send(58, viewport={"width": 360, "height": 740}, color_scheme=scheme)
        worker.infer(job)
        worker.render(job)
        expect(page.locator("#report")).to_be_visible()
        for path in (page.url, "/new", "/"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360

    def test_the_keyboard_alone_reaches_everything(self, logged_in, picture):
        page = logged_in("/new")
        page.set_input_files("#file", {"name": "a.png", "mimeType": "", "buffer": picture()})
        expect(page.get_by_role("button", name="Upload and analyse")).to_be_enabled()
        page.evaluate("document.activeElement.blur()")
        reached = set()
        for _ in range(14):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("(e => e.id || e.name || e.textContent.trim())(document.activeElement)"))
        wanted = {"Skip to the content", "Worklist", "Log out", "file", "modality", "magnification"}
        assert wanted <= reached
        assert "Upload and analyse" in reached
