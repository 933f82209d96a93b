"""Every word that people read comes from the catalogue, in every language."""

import json
import re
from pathlib import Path

import pytest

import gateway.portal
import lobule
from gateway.portal.words import Words, catalogue, choose_language
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.language import LANGUAGES

PORTAL = Path(gateway.portal.__file__).parent
SERVICES = Path(__file__).parents[3]
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
SCRIPTS = sorted((PORTAL / "web").rglob("*.js"))
PYTHON = sorted(PORTAL.parent.rglob("*.py"))
LOBULE = sorted(Path(lobule.__file__).parent.rglob("*.py"))
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
    texts = [re.sub(r"\$\{[^}]*\}", "", first or second) for first, second in strings]
    return [text for text in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text) and not re.search(r"[\[{#=:;]", text)]


class TestCatalogue:
    def test_every_language_has_the_same_keys_and_blanks(self):
        def blanks(text: str) -> set[str]:
            return set(re.findall(r"{(\w+)}", text))

        english = catalogue("en")
        assert len(english) > 300
        for language in LANGUAGES:
            words = catalogue(language)
            assert words.keys() == english.keys()
            assert {key for key in english if blanks(words[key]) != blanks(english[key])} == set()

    def test_no_sentence_was_left_in_english(self):
        chinese = catalogue("zh")
        same = {key for key, text in catalogue("en").items() if chinese[key] == text and re.search(r"[a-z]{3,} ", text)}
        assert same == set()
        assert sum(bool(re.search(r"[\u4e00-\u9fff]", text)) for text in chinese.values()) > 0.95 * len(chinese)

    def test_files_are_sorted_by_language_and_part(self):
        files = {language: {path.name for path in (PORTAL / "words" / language).iterdir()} for language in LANGUAGES}
        assert files["en"] == files["zh"]
        for path in (PORTAL / "words").rglob("*.json"):
            assert json.loads(path.read_text("utf-8"))

    def test_research_use_is_said_as_everywhere(self):
        assert catalogue("en")["common.research_use_only"] == RESEARCH_USE_ONLY

    def test_counts(self):
        english, chinese = Words("en"), Words("zh")
        assert english.count("common.images", 1) == "1 image"
        assert english.count("common.images", 0) == "0 images"
        assert chinese.count("common.images", 1) == "1 幅图像"


class TestUse:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_no_template_holds_a_bare_word(self, path):
        assert bare_words(path.read_text("utf-8")) == []

    @pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
    def test_no_script_holds_a_bare_sentence(self, path):
        assert bare_sentences(path.read_text("utf-8")) == []

    def test_the_check_would_find_them(self):
        assert bare_words('<p>Hello there</p><b title="Deed">{{ t("x") }}</b>') == ["Hello", "there", "Deed"]
        assert bare_sentences("say('Please try again.'); // not this one\n`It took ${n} long seconds`") != []

    def test_every_key_that_is_written_out_exists(self):
        written: set[str] = set()
        for path in TEMPLATES:
            written |= set(re.findall(r"""\bt(?:\.count)?\(['"]([\w.]+)['"][,)]""", path.read_text("utf-8")))
        for path in SCRIPTS:
            written |= set(re.findall(r"\bt\('([\w.]+)'", path.read_text("utf-8")))
        assert len(written) > 150
        counted = {key.rsplit(".", 1)[0] for key in catalogue("en") if key.endswith(".one")}
        assert written - catalogue("en").keys() - counted == set()

    def test_every_key_is_used(self):
        """By its name, or by a name that is put together: `admin.role.` ~ role, `steps.${name}.of`."""
        enumerated = {text for path in [*PYTHON, *LOBULE] for text in quoted_in(path.read_text("utf-8"))}
        named: set[str] = set()
        for source in (path.read_text("utf-8") for path in [*TEMPLATES, *SCRIPTS, *PYTHON]):
            quoted, made = quoted_in(source), re.compile("|".join(names_in(source)) or "$.")
            for key in catalogue("en"):
                parts = key.removesuffix(".one").removesuffix(".other").split(".")
                whole = ".".join(parts)
                # A name that is put together: its last part stands beside it, or is one of our own enumerations.
                last = quoted if len(parts) == 2 else quoted | enumerated
                put_together = made.fullmatch(whole) or made.fullmatch(key)
                if {key, whole} & quoted or (put_together and any(part in last for part in key.split(".")[1:])):
                    named.add(key)
        keys = {key for key in catalogue("en") if not key.startswith(("errors.", "activity."))}
        assert len(keys) > 300
        assert sorted(keys - named) == []

    def test_every_error_that_has_words_can_happen(self):
        sources = "".join(path.read_text("utf-8") for path in [*PYTHON, *SCRIPTS, *LOBULE])
        codes = [key.removeprefix("errors.") for key in catalogue("en") if key.startswith("errors.")]
        pages = [code for code in codes if code.startswith("page.")]
        assert [code for code in codes if code not in pages and not re.search(rf"['\"]{code}['\"]", sources)] == []
        names = {code.removeprefix("page.").removesuffix(".title") for code in pages} - {"request", "to_worklist"}
        assert [name for name in names if not re.search(rf"['\"]{name}['\"]", sources)] == []

    def test_every_activity_that_has_words_is_said(self):
        """Workers say what they are doing in English; the page finds its own words by them."""
        sources = "".join(path.read_text("utf-8").lower() for path in [*WORKERS, *PYTHON])
        spoken = {
            re.sub(r"[^a-z]+", "_", re.sub(r"{[^}]*}", "n", text)).strip("_")
            for text in re.findall(r'"([^"\n]+)"', sources)
        }
        keys = {key.removeprefix("activity.") for key in catalogue("en") if key.startswith("activity.")}
        assert len(keys) > 5
        assert keys - spoken == {"n_image_ahead", "n_images_ahead"}, "these are put together in gateway.jobs.progress"

    def test_a_script_uses_only_what_its_page_hands_over(self):
        for page in TEMPLATES:
            text = page.read_text("utf-8")
            scripts = re.findall(r'src="/static/([\w/.]+\.js)"', text)
            handed = set(re.findall(r'"(\w+)"', (re.search(r"t\.parts\(([^)]*)\)", text) or [""])[0]))
            for script in scripts:
                used = {part for module in modules_of(script) for part in parts_used(module)}
                assert used - handed <= {"activity"} - handed, f"{page.name} does not hand over what {script} says"


def quoted_in(source: str) -> set[str]:
    """All names in quotes."""
    return set(re.findall(r"[\"'`]([\w.]+)[\"'`]", source))


def names_in(source: str) -> list[str]:
    """Patterns of the keys that a source names, whole or put together."""
    joined = re.findall(r"\"([\w.]+)\" ~ [\w.]+ ~ \"([\w.]+)\"", source)  # a Jinja expression
    patterns = [re.escape(start) + "[^.]+" + re.escape(end) for start, end in joined]
    for single, double, template in re.findall(r"'([\w.]+)'|\"([\w.]+)\"|`([a-z_.]+\.\${[^`]+)`", source):
        if name := single or double:
            if "." in name:
                patterns.append(
                    re.escape(name) + (("[^.]+" if name.count(".") == 1 else ".+") if name.endswith(".") else "")
                )
        elif "." in template:
            parts = re.split(r"\$\{[^}]*\}", template)  # a script's template
            patterns.append(".+".join(map(re.escape, parts)))
    return patterns


def modules_of(name: str) -> set[Path]:
    """A script and all that it imports."""
    found: set[Path] = set()
    to_read = {PORTAL / "web" / name}
    while to_read:
        module = to_read.pop().resolve()
        found.add(module)
        imports = re.findall(r"from '(\.{1,2}/[\w./]+)'", module.read_text("utf-8"))
        to_read |= {(module.parent / path).resolve() for path in imports} - found
    return found


def parts_used(module: Path) -> set[str]:
    """The files of the catalogue that a module itself speaks from; those of `core` speak only when asked to."""
    if module.name in ("words.js", "codes.js", "numbers.js", "times.js"):
        return set()
    return set(re.findall(r"\b(?:t|counted)\(\s*[`'](\w+)\.", module.read_text("utf-8")))


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
