"""Every sentence that the portal shows comes from the catalogue, and reaches the page that shows it."""

import re
from pathlib import Path

import pytest

import gateway.portal
from gateway.portal.scripts import sentences_for
from gateway.portal.sentences import PARTS
from gateway.portal.words import PageWords, choose_language
from lobule.contracts.activity import ACTIVITY_CODES
from lobule.words.catalogue import sentences

PORTAL = Path(gateway.portal.__file__).parent
SERVICES = Path(__file__).parents[3]
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
SCRIPTS = sorted((PORTAL / "web").rglob("*.js"))
PYTHON = sorted(PORTAL.parent.rglob("*.py"))
WORKERS = [
    path for name in ("histo-worker", "mammo-worker", "report") for path in (SERVICES / name / "src").rglob("*.py")
]
# Names, units and abbreviations that are the same in every language.
NO_SENTENCES = {"Lobule", "CC", "MLO", "lobule"}
SPOKEN_ATTRIBUTES = ("alt", "title", "aria-label", "aria-description", "placeholder")


def bare_words(template: str) -> list[str]:
    """Words in a template that no catalogue gave."""
    text = re.sub(r"{#.*?#}", "", template, flags=re.DOTALL)
    text = re.sub(r"{% block (page|scheme) %}.*?{% endblock %}", "", text)  # a class and a scheme
    text = re.sub(r"{%.*?%}|{{.*?}}", " \0 ", text, flags=re.DOTALL)
    spoken = [m[1] for name in SPOKEN_ATTRIBUTES for m in re.finditer(rf'\s{name}="([^"]*)"', text)]
    without_tags = re.sub(r"<[^>]*>", " ", text)
    words = re.findall(r"[A-Za-z]{3,}", " ".join([without_tags, *spoken]).replace("&amp;", "&"))
    return [word for word in words if word not in NO_SENTENCES]


def bare_sentences(script: str) -> list[str]:
    """Strings in a script that are sentences: two words with a space between, and no selector, class or URL."""
    code = re.sub(r"^\s*(//|/?\*).*$|\s//\s.*$", "", script, flags=re.MULTILINE)
    strings = re.findall(r"'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`", code)
    texts = [re.sub(r"\$\{[^}]*\}", "", first or second) for first, second in strings if first != "use strict"]
    return [text for text in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text) and not re.search(r"[\[{#=:;]", text)]


class TestUse:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_no_template_holds_a_bare_word(self, path):
        assert bare_words(path.read_text("utf-8")) == []

    @pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
    def test_no_script_holds_a_bare_sentence(self, path):
        assert bare_sentences(path.read_text("utf-8")) == []

    def test_the_check_would_find_them(self):
        assert bare_words('<p>Hello there</p><b title="Action">{{ t("x") }}</b>') == ["Hello", "there", "Action"]
        assert bare_sentences("say('Please try again.'); // not this one\n`It took ${n} long seconds`") != []

    def test_every_activity_has_a_sentence_and_is_said(self):
        keys = {key.removeprefix("activity.") for key in sentences("en") if key.startswith("activity.")}
        assert keys == ACTIVITY_CODES
        sources = "".join(path.read_text("utf-8") for path in [*WORKERS, *PYTHON])
        assert [code for code in ACTIVITY_CODES if f'activity("{code}"' not in sources and code != "done"] == []

    def test_every_audit_action_has_a_sentence(self):
        sources = "".join(path.read_text("utf-8") for path in PYTHON)
        actions = {*re.findall(r'\brecord\([^()]*?"([a-z]+\.[a-z_]+)"', sources), "data.read"}
        assert len(actions) > 50
        assert {action for action in actions if f"audit.{action}" not in sentences("en")} == set()

    def test_a_script_uses_only_what_its_page_hands_over(self):
        found = set()
        for page in TEMPLATES:
            text = page.read_text("utf-8")
            scripts = re.findall(r'src="/static/([^"]+\.js)"', text)
            handed = set(re.findall(r'"(\w+)"', (re.search(r"t\.parts\(([^)]*)\)", text) or [""])[0]))
            handed |= set(PARTS) if 'src="/words/' in text else set()
            for script in scripts:
                found.add(script)
                modules = modules_of(script)
                later = {*PARTS} if any(" addWords('" in module.read_text() for module in modules) else set()
                used = {part for module in modules for part in parts_used(module)}
                assert used - handed - later == set(), f"{page.name} does not hand over what {script} says"
        pages = {str(path.relative_to(PORTAL / "web")) for path in SCRIPTS if path.stem.endswith("-page")}
        assert found == pages | {
            "admin/forms.js",
            "admin/key-login.js",
            "admin/nodes.js",
            "admin/second-factor.js",
            "core/confirmed.js",
            "core/load-guard.js",
            "reading/page.js",
        }

    def test_a_page_is_handed_every_sentence_that_its_script_names(self):
        """At once, or with the script that is imported later."""
        handed = sentences_for("reading/page.js", forms("en")).keys()
        late = {f"reading/{name}.js" for name in ("about", "belongs", "edit", "naming", "own-list", "signing", "two")}
        late |= {"viewer/drawing.js", "viewer/enhancing.js", "viewer/instruments.js"}
        sources = "".join(script_of(f"reading/{name}.js") for name in ("page", "late", "own-part", "two-part"))
        assert late == set(re.findall(r"fetched\(import\('[^']+'\), '([^']+)'\)", sources))
        for script in late:
            handed |= sentences_for(script, forms("en")).keys()
        named = {key for module in modules_of("reading/page.js") for key in keys_of(module)}
        assert len(named) > 80
        assert {key for key in named if key not in handed and f"{key}.other" not in handed} == set()

    def test_the_glance_pane_is_handed_every_sentence_that_it_names(self):
        handed = sentences_for("worklist/glance.js", forms("en")).keys()
        named = {key for module in modules_of("worklist/glance.js") for key in keys_of(module)}
        assert "worklist.glance.suspicion" in named
        assert {key for key in named if key not in handed and f"{key}.other" not in handed} == set()

    def test_sentences_of_a_later_script_are_fetched_with_it(self, client):
        answer = client.get("/words/zh/reading/signing.js")
        assert sentences("zh")["reading.sign.choose"] in answer.text
        assert answer.headers["Content-Encoding"] == "gzip"
        plain = client.get("/words/zh/reading/signing.js", headers={"Accept-Encoding": "identity"})
        assert (plain.text, "Content-Encoding" in plain.headers) == (answer.text, False)
        again = client.get("/words/zh/reading/signing.js", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "reading.sign.choose" not in sentences_for("reading/page.js", forms("en"))
        assert client.get("/words/zh/no/script.js").status_code == 404


def forms(language: str) -> dict[str, str]:
    """All sentences, each plural form by its own key, as pages are handed them."""
    return PageWords(language).parts(*{key.split(".")[0] for key in sentences(language)})


def script_of(name: str) -> str:
    return (PORTAL / "web" / name).read_text("utf-8")


def keys_of(module: Path) -> set[str]:
    """The keys that a module says word for word."""
    return sentences("en").keys() & set(re.findall(r"'([\w.]+)'", module.read_text("utf-8")))


def modules_of(name: str) -> set[Path]:
    """A script and all that it imports, at once or later."""
    found: set[Path] = set()
    to_read = {PORTAL / "web" / name}
    while to_read:
        module = to_read.pop().resolve()
        found.add(module)
        code = re.sub(r"/\*\*.*?\*/", "", module.read_text("utf-8"), flags=re.DOTALL)  # types are imported in comments
        imports = re.findall(r"(?:from |import\()'(\.{1,2}/[^']+)'", code)
        to_read |= {(module.parent / path).resolve() for path in imports} - found
    return found


def parts_used(module: Path) -> set[str]:
    """The files of the catalogue that a module itself speaks from; those of `core` speak only when asked to."""
    if module.name in ("words.js", "codes.js", "numbers.js", "times.js", "trouble.js"):
        return set()
    return set(re.findall(r"\bt\(\s*[`'](\w+)\.", module.read_text("utf-8")))


class TestChoice:
    @pytest.mark.parametrize(
        ("cookie", "accept", "language"),
        [
            (None, "", "en"),
            (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
            (None, "de, en;q=0.5, zh;q=0.4", "en"),
            ("zh", "en", "zh"),
            ("en", "zh", "en"),
            ("klingon", "zh", "zh"),
        ],
    )
    def test_the_cookie_goes_before_the_browser(self, cookie, accept, language):
        assert choose_language(cookie, accept) == language
