"""The administrator's pages and everyone's account: who sees them, in which words, and that they do what they say."""

import ast
import re
from pathlib import Path

import pytest
from node_report import told
from pyotp.totp import TOTP

import gateway
from gateway.portal.words import PageWords
from gateway.users.models import User
from lobule.words import Words

PASSWORD = "correct horse battery staple"
PAGES = ("/admin/users", "/admin/work", "/admin/nodes", "/admin/audit")


@pytest.fixture
def enter(client):
    def log_in(username):
        client.post("/login", data={"username": username, "password": PASSWORD})
        return client

    return log_in


@pytest.mark.parametrize("path", [*PAGES, "/account"])
def test_nobody_sees_them_without_a_login(client, path):
    answer = client.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


@pytest.mark.parametrize("path", PAGES)
def test_clinicians_are_told_why_not(enter, path):
    answer = enter("alice").get(path)
    assert answer.status_code == 403
    assert "Your role does not open this page." in answer.text
    assert 'href="/admin/' not in answer.text, "nor are they led there"
    assert "Log out" in answer.text, "but they still know who they are"


def test_an_empty_worklist_leads_administrators_to_the_accounts(enter):
    page = enter("root").get("/").text
    assert 'class="button" href="/admin/users"' in page
    assert 'href="/new"' not in page


def test_an_empty_worklist_leads_clinicians_to_a_new_case(enter):
    page = enter("alice").get("/").text
    assert 'href="/new"' in page
    assert 'href="/admin/' not in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_administrators_see_them_in_their_language(enter, job, language):
    browser = enter("root")
    for path, words in (
        ("/admin/users", {"en": "API tokens of all users", "zh": "所有用户的API令牌"}),
        ("/admin/work?state=queued", {"en": "Longest wait", "zh": "最长等待"}),
        ("/admin/audit", {"en": "Export as CSV", "zh": "导出为CSV"}),
        ("/account", {"en": "Change your password", "zh": "修改密码"}),
    ):
        answer = browser.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert words[language] in answer.text, path
        assert "<style" not in answer.text
        assert " style=" not in answer.text
    queued = browser.get("/admin/work?state=queued").text
    assert job in queued
    assert "field.png" not in queued, "a file's name may be a patient's"


def test_no_password_is_set_for_who_logs_in_elsewhere(enter, app):
    """The API refuses it."""
    with app.state.sessions.begin() as session:
        alice = session.query(User).filter_by(username="alice").one()
        alice.identity = "https://login.example alice"
        place = f'data-url="/api/v1/users/{alice.id}/password"'
    browser = enter("root")
    assert place not in browser.get("/admin/users").text
    with app.state.sessions.begin() as session:
        session.query(User).filter_by(username="alice").one().identity = None
    assert place in browser.get("/admin/users").text


def test_the_log_is_filtered_as_the_export_is(enter, job):
    page = enter("root").get("/admin/audit?actor=alice&action=image.upload").text
    assert "uploaded an image</td>" in page
    assert "logged in</td>" not in page
    assert "/api/v1/audit.csv?actor=alice&amp;action=image.upload" in page


def test_the_log_is_filtered_by_day_and_every_action_has_words(enter, job):
    browser = enter("root")
    assert "uploaded an image</td>" in browser.get("/admin/audit?actor=alice&since=2026-01-01&until=").text
    assert "No entry of the log matches" in browser.get("/admin/audit?actor=alice&until=2026-01-01").text
    source = "".join(path.read_text("utf-8") for path in Path(gateway.__file__).parent.rglob("*.py"))
    actions = set(re.findall(r'record(?:_apart)?\([^)]*?"([a-z_]+\.[a-z_]+)"', source))
    assert len(actions) > 30
    assert {action for action in actions if f"audit.{action}" not in Words("zh")} == set()


def test_the_work_page_opens_where_something_waits(enter, job):
    browser = enter("root")
    page = browser.get("/admin/work").text
    assert re.search(r'href="\?state=queued" aria-current="true">\w+ <b>1</b>', page)
    assert job in page


def tell(client, report: dict, outcomes: list | None = None) -> list[dict]:
    """Report as a DICOM node under the account of `pacs`; gives what it is asked to do."""
    answer = client.post("/api/v1/auth/token", json={"username": "pacs", "password": PASSWORD})
    who = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    body = {"report": report, "outcomes": outcomes or []}
    return client.post("/api/v1/nodes/report", json=body, headers=who).json()["tasks"]


def test_the_page_of_nodes_says_where_tls_failed_and_where_there_is_none(enter, client, new_user):
    new_user("pacs", role="service")
    report = told()
    report["peers"][0]["is_plain"] = True
    refused = report["associations"][0] | {"calling_ae": "", "called_ae": "", "outcome": "rejected", "statuses": {}}
    codes = ["tls_expired", "tls_failed", "tls_host", "tls_no_certificate", "tls_refused", "tls_untrusted"]
    report["associations"] = [refused | {"problem": code} for code in codes]
    tell(client, report)
    page = enter("root").get("/admin/nodes").text
    assert page.count("<b>without TLS</b>") == 1
    assert page.count("A system at 10.0.0.9 was refused before it named its AE title: ") == len(codes)
    assert "certificate names another host." in page
    assert "AE title: tls_" not in page, "each code has words"


@pytest.mark.browser
def test_in_a_real_browser(chromium, client, new_user):
    """A token is made, a wrong password refused, a role changed, at the width of a phone."""
    new_user("pacs", role="service")
    site = str(client.base_url).rstrip("/")
    context = chromium.new_context(base_url=site, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        page.goto("/login")
        page.fill("[name=username]", "root")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(f"{site}/")
        for path in (*PAGES, "/account"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.fill("[name=name]", "PACS bridge")
        page.click("text=Create the token")
        page.wait_for_selector("#secret:visible")
        assert page.inner_text("#secret-value").startswith("lobule_")
        page.fill("[name=current]", "wrong password")
        page.fill("[name=new]", "another long password")
        page.click("text=Change password")
        page.wait_for_selector("#message:visible")
        assert "incorrect" in page.inner_text("#message")
        page.goto("/admin/users")
        with page.expect_navigation():  # the page is loaded anew with what the server has
            page.select_option("tr:has-text('bob') select", "admin")
        page.goto("/admin/users")
        assert page.input_value("tr:has-text('bob') select") == "admin"
        tell(client, told())
        page.goto("/admin/nodes")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        with page.expect_response("**/tasks"):  # the message is there before it
            page.click("tr:has-text('10.0.0.5:104') button[data-task=echo]:enabled")
        page.wait_for_selector("#message:visible")
        [task] = tell(client, told())
        tell(client, told(), [{"id": task["id"], "code": "not_connected"}])
        page.wait_for_selector("li b:has-text('no connection')")
        page.goto("/account")
        page.click('#second-factor [data-role="begin"]:enabled')
        page.wait_for_selector('#second-factor [data-role="app"]:visible')
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        app = TOTP(page.inner_text('#second-factor [data-role="secret"]'))
        page.fill('#second-factor [name="code"]', app.now())
        page.keyboard.press("Enter")
        page.wait_for_selector('#second-factor [data-role="recovery"]:visible')
        assert len(page.inner_text('#second-factor [data-role="codes"]').split()) == 10
    finally:
        context.close()


def test_the_audit_log_names_objects_in_the_reader_s_language(enter, app, job):
    """Those that requests name in their path, and those of merged patients and security keys."""
    named = {re.search(r"{(\w+)}", path) for path in app.openapi()["paths"]}
    kinds = {found[1].removesuffix("_id") for found in named if found} | {"merge", "security_key"}
    assert {kind for kind in kinds if PageWords("zh").target(kind) == kind.replace("_", " ")} == set()
    page = enter("root").get("/admin/audit", headers={"Accept-Language": "zh"}).text
    assert re.search(r">图像 [0-9a-f]{8}</a>", page)


def test_the_audit_log_lists_no_folders_of_deleted_objects(enter, job, client, alice):
    image = client.get(f"/api/v1/jobs/{job}", headers=alice).json()["image_id"]
    assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
    page = enter("root").get("/admin/audit?action=image.remove").text
    assert f">image {image[:8]}</a>" in page
    assert f"images/{image}" not in page


def names_of_details() -> set[str]:
    """The names of the details that the gateway's code writes to the audit log."""
    found: set[str] = set()
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            written = None
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("record", "record_apart", "record_command"):
                written = node
                if ast.unparse(node.func) == "record_command":
                    found |= {keyword.arg for keyword in node.keywords if keyword.arg}
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                written = node.value if [ast.unparse(target) for target in targets] == ["detail"] else None
            dicts = [part for part in ast.walk(written) if isinstance(part, ast.Dict)] if written else []
            found |= {key.value for each in dicts for key in each.keys if isinstance(key, ast.Constant)}
    return found


def test_the_audit_log_tells_details_in_the_reader_s_language(enter, app, job, client, alice):
    names = names_of_details()
    assert len(names) > 40
    assert {name for name in names if f"admin.audit.detail.{name}" not in Words("zh")} == set()
    words = PageWords("zh")
    assert words.detail_value("verdict", "confirmed") == "已确认"
    assert words.detail_value("was", "dr.lee") == "dr.lee"
    assert words.detail_value("active", True) == "是"
    page = enter("root").get("/admin/audit", headers={"Accept-Language": "zh"}).text
    assert "SHA-256：" in page
    assert "sha256" not in re.sub("<[^>]*>", "", page)
