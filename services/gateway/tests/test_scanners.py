"""What scanners of web servers such as nikto look for: files that were left, methods, headers, lists of folders."""

import pytest

LEFT = (
    *(".git/config", ".git/HEAD", ".svn/entries", ".hg/requires", ".env", ".env.bak", ".DS_Store", ".htaccess"),
    *(".htpasswd", ".ssh/id_rsa", ".aws/credentials", ".well-known/security.txt", "robots.txt", "crossdomain.xml"),
    *("backup.zip", "backup.sql", "dump.sql", "lobule.sqlite", "secrets/secret_key", "config.php", "web.config"),
    *("WEB-INF/web.xml", "META-INF/MANIFEST.MF", "phpinfo.php", "phpmyadmin/", "wp-login.php", "xmlrpc.php"),
    *("cgi-bin/", "cgi-bin/test.cgi", "server-status", "server-info", "icons/", "manual/", "test/", "admin.php"),
    *("actuator/env", "console", "solr/", "manager/html", "debug", "trace.axd", "elmah.axd", "graphql", "_profiler"),
    *("swagger.json", "openapi.json", "docs", "redoc", "api/swagger", "login.bak", "login~", "index.php.swp", "admin/"),
    *("static/", "static/core/", "static/core/api.js~", "static/tsconfig.json", "static/..%2fpages.py"),
    *("static/%2e%2e/%2e%2e/settings.py", "static/..%5c..%5cpages.py", "words/en/..%2f..%2fpages.py"),
    *("..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..;/etc/passwd", "%c0%ae%c0%ae/etc/passwd"),
    *("models/..%2f..%2fetc%2fpasswd", "cases/..%2f..%2fetc%2fpasswd", "%00", "index.html%00.php"),
)
METHODS = ("TRACE", "TRACK", "DEBUG", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "MOVE", "COPY", "MKCOL", "LOCK")
ANSWERS = {
    "a page": ("GET", "/login"),
    "a page for nobody": ("GET", "/"),
    "a page that is not there": ("GET", "/nothing"),
    "a file": ("GET", "/static/mark.svg"),
    "a file that is not there": ("GET", "/static/nothing.svg"),
    "the API, refused": ("GET", "/api/v1/cases"),
    "the API, not there": ("GET", "/api/v1/nothing"),
    "a method that is not allowed": ("DELETE", "/login"),
    "a form that is refused": ("POST", "/login"),
    "DICOMweb": ("GET", "/dicom-web/studies"),
    "FHIR": ("GET", "/fhir/metadata"),
    "health": ("GET", "/healthz"),
}


@pytest.mark.parametrize("caller", ["nobody", "root"])
def test_nothing_is_found_that_was_left(client, cookie_of, caller):
    if caller != "nobody":
        client.cookies.set(*cookie_of(caller))
    found = {path: client.get(f"/{path}", follow_redirects=False).status_code for path in LEFT}
    assert {path: status for path, status in found.items() if status not in (404, 405)} == {}


@pytest.mark.parametrize("path", ["/", "/login", "/static/mark.svg", "/api/v1/models"])
def test_no_other_methods_are_allowed(client, path):
    found = {method: client.request(method, path, follow_redirects=False).status_code for method in METHODS}
    assert {method: status for method, status in found.items() if status not in (403, 404, 405)} == {}
    assert not {"TRACE", "PUT", "DELETE"} & set(client.options(path).headers.get("allow", "").split(", "))


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_has_the_headers_and_none_tells_what_is_behind(client, answer):
    said = client.request(*ANSWERS[answer], follow_redirects=False)
    assert said.headers["x-content-type-options"] == "nosniff"
    assert said.headers["x-frame-options"] == "SAMEORIGIN"
    assert said.headers["referrer-policy"] == "same-origin"
    assert "default-src" in said.headers["content-security-policy"]
    assert not {"server", "x-powered-by", "x-aspnet-version", "x-runtime", "via", "public-key-pins"} & set(said.headers)
    assert "Traceback" not in said.text


@pytest.mark.parametrize("path", ["/login", "/language"])
def test_forms_without_a_token_are_taken_from_the_own_origin_alone(client, path):
    form = {"username": "alice", "password": "correct horse battery staple", "lang": "zh"}
    answer = client.post(path, data=form, headers={"Origin": "https://evil.example"}, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_page_of_an_account_takes_no_form(client, cookie_of):
    client.cookies.set(*cookie_of("alice"))
    assert client.post("/account", data={"name": "a"}, follow_redirects=False).status_code == 405


@pytest.mark.parametrize(("name", "password"), [("admin", "admin"), ("admin", "password"), ("root", "root")])
def test_no_default_password_is_taken(client, name, password):
    answer = client.post("/api/v1/auth/token", json={"username": name, "password": password})
    assert answer.json()["code"] == "wrong_credentials"


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/cases", "/dicom-web/studies", "/fhir/metadata"])
def test_pages_of_other_origins_may_read_nothing(client, path):
    answer = client.get(path, headers={"Origin": "https://evil.example"}, follow_redirects=False)
    assert not {"access-control-allow-origin", "access-control-allow-credentials"} & set(answer.headers)
