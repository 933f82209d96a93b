"""Every word that people read comes from the catalogue, in every language."""

import json
import re
from pathlib import Path

import pytest

import gateway.portal
from gateway.portal.words import Words, catalogue, choose_language
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.language import LANGUAGES

PORTAL = Path(gateway.portal.__file__).parent
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
SCRIPTS = sorted((PORTAL / "static").rglob("*.js"))
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

    def test_a_script_uses_only_what_its_page_hands_over(self):
        for page in TEMPLATES:
            text = page.read_text("utf-8")
            scripts = re.findall(r'src="/static/([\w/.]+\.js)"', text)
            handed = set(re.findall(r'"(\w+)"', (re.search(r"t\.parts\(([^)]*)\)", text) or [""])[0]))
            for script in scripts:
                used = {part for module in modules_of(script) for part in parts_used(module)}
                assert used - handed <= {"activity"} - handed, f"{page.name} does not hand over what {script} says"


def modules_of(name: str) -> set[Path]:
    """A script and all that it imports."""
    found: set[Path] = set()
    to_read = {PORTAL / "static" / name}
    while to_read:
        module = to_read.pop().resolve()
        found.add(module)
        imports = re.findall(r"from '(\.{1,2}/[\w./]+)'", module.read_text("utf-8"))
        to_read |= {(module.parent / path).resolve() for path in imports} - found
    return found


def parts_used(module: Path) -> set[str]:
    """The files of the catalogue that a module itself speaks from; words.js speaks only when asked to."""
    if module.name == "words.js":
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
