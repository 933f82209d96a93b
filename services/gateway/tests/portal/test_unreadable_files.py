"""In a real Chromium: files that are gone, or may not be opened, on the page of a new case."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

UNREADABLE = "The browser cannot read this file"


@pytest.fixture
def file(tmp_path, picture):
    path = tmp_path / "a.png"
    path.write_bytes(picture(3))
    return path


def test_a_file_that_is_gone_is_refused(logged_in, file, picture):
    page = logged_in("/new")
    # Its bytes are asked for once it is deleted.
    page.evaluate("""() => {
        const { arrayBuffer } = Blob.prototype;
        const free = new Promise((go) => { window.go = go; });
        Blob.prototype.arrayBuffer = function () { return free.then(() => arrayBuffer.call(this)); };
    }""")
    page.set_input_files("#files", [file])
    file.unlink()
    page.evaluate("() => window.go()")
    refused = page.locator('.entry[data-state="refused"]')
    expect(refused.locator('[data-role="problem"]')).to_contain_text(UNREADABLE)
    page.set_input_files("#files", [{"name": "b.png", "mimeType": "", "buffer": picture(4)}])
    expect(page.get_by_role("button", name="Upload and analyse 1 image")).to_be_enabled()


def test_a_file_that_is_gone_before_it_is_sent_is_no_lost_connection(logged_in, file):
    page = logged_in("/new")
    page.set_input_files("#files", [file])
    expect(page.get_by_role("img", name="Preview of a.png")).to_be_visible()
    file.unlink()
    page.get_by_role("button", name="Upload and analyse").click()
    failed = page.locator('.entry[data-state="failed"]')
    expect(failed.locator('[data-role="failure"]')).to_contain_text(UNREADABLE)
    expect(failed.get_by_role("button", name="Try again")).to_be_visible()


def test_a_dropped_folder_that_may_not_be_opened_is_named(logged_in):
    page = logged_in("/new")
    page.evaluate("""() => {
        const refuse = (_, reject) => reject(new DOMException('', 'NotReadableError'));
        const reader = { readEntries: refuse };
        const entries = [
            { name: 'films', isDirectory: true, createReader: () => reader },
            { name: 'RCC.dcm', isFile: true, file: refuse },
        ];
        const drop = new Event('drop', { bubbles: true, cancelable: true });
        drop.dataTransfer = { items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })), files: [] };
        document.getElementById('drop').dispatchEvent(drop);
    }""")
    words = page.locator('[data-role="form-problem"]')
    expect(words).to_contain_text("The browser cannot read films and RCC.dcm.")
