"""Choosing and sending files in the browser."""

import errno
import io
import os
import time

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def entry(page, name: str):
    """The card of a chosen file."""
    return page.locator(".entry", has_text=name)


def step(where, name: str):
    return where.locator(f'[data-step="{name}"]')


def choose(page, *files: tuple[str, bytes]) -> None:
    page.set_input_files("#files", [{"name": name, "mimeType": "", "buffer": content} for name, content in files])


def job_of(app, name: str) -> str:
    """The newest job of an image of this name."""
    from gateway.images.models import Image
    from gateway.jobs.models import Job

    with app.state.sessions() as session:
        query = session.query(Job).join(Image).filter(Image.file_name == name)
        return query.order_by(Job.created_at.desc()).first().id


@pytest.fixture
def new_case(logged_in, picture):
    """The page of a new case with some files chosen: name to colour."""

    def new_case(colours: dict[str, int], **options):
        page = logged_in("/new", **options)
        choose(page, *((name, picture(colour)) for name, colour in colours.items()))
        expect(page.locator('.entry[data-state="chosen"]')).to_have_count(len(colours))
        return page

    return new_case


@pytest.fixture
def sent(new_case):
    """The page of a new case after its files were sent."""

    def sent(colours: dict[str, int], **options):
        page = new_case(colours, **options)
        page.get_by_role("button", name="Upload and analyse").click()
        for name in colours:
            expect(step(entry(page, name), "upload")).to_have_attribute("data-state", "done")
        return page

    return sent


class TestChoosing:
    def test_refuses_before_sending_and_says_why(self, logged_in, picture):
        page = logged_in("/new")
        huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60" + bytes(50)
        tiny = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01" + bytes(50)
        wrong = {
            "empty.png": (b"", "empty"),
            "notes.png": (b"just text" * 30, "not such an image"),
            "moving.gif": (b"GIF89a" + bytes(200), "GIF"),
            "slide.png": (huge, "60000 x 60000"),
            "dot.png": (tiny, "at least 48"),
            "twin.png": (picture(3), "same image as first.png"),
        }
        choose(page, ("first.png", picture(3)), *((name, content) for name, (content, _) in wrong.items()))
        for name, (_, words) in wrong.items():
            expect(entry(page, name).first.locator('[data-role="problem"]')).to_contain_text(words)
        expect(page.get_by_role("button", name="Upload and analyse 1 image")).to_be_enabled()
        expect(page.locator('[data-role="form-problem"]')).to_contain_text("6 files cannot be sent")
        entry(page, "notes.png").get_by_role("button", name="Remove notes.png").click()
        expect(page.locator('[data-role="form-problem"]')).to_contain_text("5 files")

    def test_sends_nothing_before_all_files_are_on_the_list(self, logged_in, picture):
        page = logged_in("/new")
        page.evaluate("() => { window.free = new Promise((go) => { window.go = go; }); }")
        held = "prototype.decode = function () { return window.free.then(() => decode.call(this)); }"
        page.evaluate(f"() => {{ const {{ decode }} = HTMLImageElement.prototype; HTMLImageElement.{held}; }}")
        choose(page, ("a.png", picture(3)), ("b.png", picture(4)))
        expect(entry(page, "a.png")).to_have_attribute("data-state", "chosen")
        expect(page.locator('[data-role="submit"]')).to_be_disabled()
        page.evaluate("() => window.go()")
        expect(page.get_by_role("button", name="Upload and analyse 2 images")).to_be_enabled()

    def test_refuses_what_is_too_large(self, logged_in, app):
        app.state.settings.max_upload_bytes = 1000
        page = logged_in("/new")
        choose(page, ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(2000)))
        expect(entry(page, "a.png").locator('[data-role="problem"]')).to_contain_text("at most 1000 bytes")

    def test_previews_and_guesses_and_can_be_corrected(self, logged_in, picture, client, alice):
        page = logged_in("/new")
        choose(page, ("SOB_B_A-14-1-200-001.png", picture()), ("P_1_RIGHT_MLO.png", picture(9)))
        tissue, film = entry(page, "SOB_B_A"), entry(page, "P_1")
        expect(tissue.get_by_role("img", name="Preview of SOB_B_A")).to_be_visible()
        expect(tissue).to_contain_text("80 x 70 pixels")
        expect(tissue.get_by_label("Magnification")).to_have_value("200X")
        expect(film.get_by_label("Kind")).to_have_value("mammography")
        expect(film.locator("[name=view]")).to_have_value("MLO")
        expect(film.get_by_label("Side")).to_have_value("R")
        expect(page.locator('[data-role="hanging"]')).to_contain_text("RCC, LCC and LMLO")
        film.locator("[name=view]").select_option("CC")
        expect(page.locator('[data-role="hanging"]')).to_contain_text("LCC, RMLO and LMLO")
        film.get_by_label("Kind").select_option("histopathology")
        expect(film.locator("[name=view]")).to_be_hidden()
        scale, kind = film.get_by_label("Micrometres per pixel"), film.get_by_label("Kind")
        scale.fill("80")
        page.get_by_role("button", name="Upload and analyse").click()
        assert scale.evaluate("field => field.matches(':focus:invalid')"), "the browser says what is wrong with it"
        kind.select_option("mammography")
        expect(scale).to_be_disabled()
        kind.select_option("histopathology")
        scale.fill("0.48")
        scale.blur()
        page.get_by_role("button", name="Upload and analyse").click()
        expect(step(film, "upload")).to_have_attribute("data-state", "done")
        images = client.get("/api/v1/images", headers=alice).json()["items"]
        assert {image["file_name"]: image["um_per_pixel"] for image in images}["P_1_RIGHT_MLO.png"] == 0.48

    def test_takes_dropped_files(self, logged_in, picture):
        page = logged_in("/new")
        page.evaluate(
            """all => {
                const data = new DataTransfer();
                all.forEach((bytes, i) => data.items.add(new File([new Uint8Array(bytes)], `dropped-${i}.png`)));
                const drop = new DragEvent('drop', {dataTransfer: data, cancelable: true, bubbles: true});
                document.getElementById('drop').dispatchEvent(drop);
            }""",
            [list(picture(1)), list(picture(2))],
        )
        expect(page.get_by_role("img", name="Preview of dropped-1.png")).to_be_visible()
        expect(page.locator(".entry")).to_have_count(2)


class TestSending:
    def test_every_file_has_its_own_bars_and_one_failure_stops_no_other(self, sent, app, worker):
        page = sent({"good.png": 60, "bad.png": 61})
        claim = worker.claim(job_of(app, "bad.png"))
        words = "The image ends early."
        worker.post(
            job_of(app, "bad.png"), "inference", "fail", attempt=claim["attempt"], code="image_truncated", detail=words
        )
        worker.infer(job_of(app, "good.png"))
        worker.render(job_of(app, "good.png"))
        expect(entry(page, "good.png")).to_have_attribute("data-state", "done")
        bad = entry(page, "bad.png")
        expect(step(bad, "inference")).to_have_attribute("data-state", "failed")
        expect(bad.get_by_role("alert")).to_contain_text("Analysis failed: The file is incomplete.")
        expect(bad.get_by_role("alert")).to_contain_text(words)
        expect(bad.get_by_role("button", name="Try again")).to_be_hidden()  # the image itself is at fault
        expect(page.locator('[data-role="summary"]')).to_have_text("1 of 2 ready · 1 needs your attention")
        page.get_by_role("link", name="Open the case").click()
        page.wait_for_url("**/cases/*")

    def test_what_may_pass_can_be_tried_again(self, sent, app, worker):
        page = sent({"a.png": 62})
        claim = worker.claim(job_of(app, "a.png"))
        worker.post(
            job_of(app, "a.png"), "inference", "fail", attempt=claim["attempt"], code="timed_out", detail="Too long."
        )
        page.get_by_role("button", name="Try again").click()
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        expect(page.locator('[data-role="failure"]')).to_be_hidden()

    def test_cancels(self, sent):
        page = sent({"a.png": 63})
        page.get_by_role("button", name="Cancel").click()
        expect(step(page, "inference")).to_have_attribute("data-state", "cancelled")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()

    def test_an_upload_outlives_a_network_that_goes_away(self, new_case):
        page = new_case({"a.png": 64})
        page.route("**/api/v1/images", lambda route: route.abort("connectionreset"))
        page.get_by_role("button", name="Upload and analyse").click()
        expect(page.locator(".entry [data-role=connection]")).to_contain_text("Sending it again in 1 s")
        expect(page.locator(".entry [data-role=connection]")).to_contain_text("Sending it again in 2 s")
        page.unroute("**/api/v1/images")
        expect(step(page, "upload")).to_have_attribute("data-state", "done")
        expect(page.locator(".entry [data-role=connection]")).to_be_hidden()

    def test_the_card_of_a_file_that_waits_says_no_longer_that_the_server_is_away(self, sent):
        page = sent({"a.png": 64})
        note = page.locator(".entry [data-role=connection]")
        page.route("**/api/v1/jobs/*/progress", lambda route: route.abort("connectionreset"))
        expect(note).to_contain_text("in 1 s")
        page.unroute("**/api/v1/jobs/*/progress")
        expect(note).to_be_hidden()  # though the job waits as before: the server has no more to say than 304

    def test_a_full_disk_is_told_at_once(self, new_case, monkeypatch):
        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        page = new_case({"a.png": 64})
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            page.get_by_role("button", name="Upload and analyse").click()
            expect(page.locator(".entry")).to_contain_text("The server has no space left")
        page.get_by_role("button", name="Try again").click()
        expect(step(page, "upload")).to_have_attribute("data-state", "done")

    def test_an_upload_that_is_cut_off_in_its_middle_starts_again(
        self, breaking_network, open_page, session_cookie, app
    ):
        """The server keeps no half uploads; the page says what happens and sends the file again by itself."""
        buffer = io.BytesIO()
        Image.effect_noise((2400, 2400), 90).save(buffer, "PNG")
        assert len(buffer.getvalue()) > 4_000_000, "far more than what waits in sockets"
        page = open_page(f"{breaking_network.url}/new", session_cookie)
        choose(page, ("large_RIGHT_CC.png", buffer.getvalue()))
        expect(page.locator('.entry[data-state="chosen"]')).to_have_count(1)
        page.get_by_role("button", name="Upload and analyse").click()
        trouble = entry(page, "large_RIGHT_CC.png").locator('[data-role="connection"]')
        expect(trouble).to_contain_text("Lobule cannot be reached")
        expect(trouble).to_contain_text("Sending it again in")
        breaking_network.broken = False
        expect(step(page, "upload")).to_have_attribute("data-state", "done")
        expect(trouble).to_be_hidden()
        assert breaking_network.cuts == breaking_network.uploads - 1 >= 1
        [stored] = app.state.store.inner.root.glob("images/*/original")
        assert stored.read_bytes() == buffer.getvalue(), "one image, and nothing of the first try"

    def test_an_answer_that_was_lost_is_no_second_image(self, new_case, app):
        page = new_case({"a.png": 65})
        lost = []

        def lose(route):
            if lost:
                route.continue_()
                return
            lost.append(route.fetch())
            route.abort("connectionreset")

        page.route("**/api/v1/images", lose)
        page.get_by_role("button", name="Upload and analyse").click()
        expect(step(page, "upload")).to_have_attribute("data-state", "done")
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        assert len(lost) == 1

    def test_an_image_of_another_case_is_taken_and_says_so(self, sent, client, alice, upload, picture):
        case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-OTHER"}).json()["id"]
        upload(picture(66), case_id=case)
        page = sent({"again.png": 66})
        again = entry(page, "again.png")
        expect(again).to_contain_text("also in the case P-OTHER")
        expect(again.get_by_role("link", name="Open that case")).to_have_attribute("href", f"/cases/{case}")

    def test_an_image_that_is_in_the_case_leads_to_its_analysis(self, logged_in, client, alice, upload, picture):
        case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-7"}).json()["id"]
        known = upload(picture(66), case_id=case).json()["job"]["id"]
        page = logged_in(f"/new?case={case}")
        choose(page, ("again.png", picture(66)))
        page.get_by_role("button", name="Upload and analyse").click()
        link = entry(page, "again.png").get_by_role("link", name="Show the existing analysis")
        expect(link).to_have_attribute("href", f"/jobs/{known}")

    def test_never_asks_twice_at_once_and_not_while_hidden(self, sent):
        page = sent({"a.png": 67, "b.png": 68, "c.png": 69})
        page.evaluate(
            """() => {
                const original = fetch;
                window.together = window.most = window.all = 0;
                window.fetch = async (...call) => {
                    window.all += 1;
                    window.most = Math.max(window.most, window.together += 1);
                    await new Promise((done) => setTimeout(done, 400));
                    try { return await original(...call); } finally { window.together -= 1; }
                };
            }"""
        )
        for _ in range(10):
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(100)
        while page.evaluate("window.all") < 4:
            page.wait_for_timeout(100)
        assert page.evaluate("window.most") == 1
        page.evaluate(
            """() => {
                Object.defineProperty(document, 'hidden', { value: true });
                document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        deadline, asked = time.monotonic() + 60, -1
        while page.evaluate("window.together") or page.evaluate("window.all") != asked:  # what was under way may end
            assert time.monotonic() < deadline, "it goes on asking"
            asked = page.evaluate("window.all")
            page.wait_for_timeout(2500)
