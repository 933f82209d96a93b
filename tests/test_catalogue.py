"""The catalogue and its use: no sentence is missing, unused, untranslated or fuzzy, and every placeholder is filled."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import gateway.portal
import report
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.language import LANGUAGES
from lobule.words import Words
from lobule.words.catalogue import forms_of, plural_categories, po_file, read_catalogue, sentences

ROOT = Path(__file__).parents[1]
PORTAL, REPORT = Path(gateway.portal.__file__).parent, Path(report.__file__).parent
PYTHON = [
    path
    for folder in (
        "shared",
        "shared/ml",
        "services/gateway",
        "services/report",
        "services/histo-worker",
        "services/mammo-worker",
    )
    for path in sorted((ROOT / folder / "src").rglob("*.py"))
]
DICOM_NODE = sorted((ROOT / "services" / "dicom" / "src").rglob("*.py"))
SCRIPTS = sorted((PORTAL / "web").rglob("*.js"))
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html")) + sorted(REPORT.glob("templates/*.html.j2"))
TYPST = sorted(REPORT.glob("templates/*.typ"))
TRANSLATORS = {"t", "text", "words", "english", "self", "Words"}  # names of functions that look up a key
PROBLEMS = {
    "AnalysisError": None,
    "ProblemError": None,
    "malformed": "malformed_upload",
    "not_found": "not_found",
    "unauthorized": None,
}
"""Functions that create a problem, and its code if it is fixed."""
SAME_ON_PURPOSE = [
    {"admin.password.new", "admin.password.reset"},  # a field, and the button that opens it
    {"admin.queue.waiting", "jobs.waiting"},  # a column of figures, and the state of a job
    {"conclusion.none", "reading.failed"},  # of a case, and instead of a film
    {"login.submit", "login.title"},  # a verb, and a heading
]
"""Keys with the same sentence that can still change independently."""
PARTS = {key.split(".")[0] for key in sentences("en")}
KEY = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)+")


@dataclass
class Uses:
    """The uses of the catalogue in a source file.

    Attributes:
        calls: Literal keys in calls, with the names of their values; None if these are computed.
        quoted: Every string of the source.
        made: Patterns of composed keys.
    """

    calls: list[tuple[str, frozenset[str] | None]] = field(default_factory=list)
    quoted: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)

    def made_of(self, pieces: list[str | None]) -> None:
        """Record a key that is composed of strings and of values (None)."""
        if pieces and (pieces[0] or "").split(".")[0] in PARTS and "." in (pieces[0] or ""):
            self.made.add("".join(r"([\w.]+)" if piece is None else re.escape(piece) for piece in pieces))


def uses_of(path: Path) -> Uses:
    read = {".py": python_uses, ".js": script_uses, ".typ": typst_uses}.get(path.suffix, template_uses)
    return read(path.read_text("utf-8"))


def python_uses(source: str) -> Uses:
    uses = Uses()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            uses.quoted |= {node.value, node.value.strip(".")}
        elif isinstance(node, ast.JoinedStr):
            uses.made_of([str(part.value) if isinstance(part, ast.Constant) else None for part in node.values])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.func if isinstance(node.func, ast.Call) else node.func  # words()("key")
            name = called.id if isinstance(called, ast.Name) else ""
            key = str(node.args[0].value)
            names = frozenset(str(k.arg) for k in node.keywords) if all(k.arg for k in node.keywords) else None
            if name in TRANSLATORS and KEY.fullmatch(key):  # SQLAlchemy has a `text`, too
                uses.calls.append((key, names))
            elif name == "make_notice":
                uses.calls.append((f"notice.{key}", names))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PROBLEMS:
            uses.calls += problem_calls(node, PROBLEMS[node.func.id])
            uses.quoted |= {str(keyword.arg) for keyword in node.keywords}
    uses.quoted |= {key for key, _ in uses.calls}
    return uses


def problem_calls(call: ast.Call, code: str | None) -> Iterator[tuple[str, frozenset[str] | None]]:
    """The key of a problem whose code and reason are literals, with the names of its values."""
    given = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
    # A sentence that is composed in the code is not in the catalogue.
    if any(isinstance(arg, ast.JoinedStr) for arg in call.args):
        yield ast.unparse(call), None
    parts = [code, *given] if code else [part for part in given if not isinstance(part, int)]  # an HTTP status
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in parts or None in keywords or "detail" in keywords:
        return
    of_values = code is not None or ast.unparse(call.func) == "AnalysisError"  # its other arguments are values
    names = frozenset(str(name) for name in keywords) if of_values else frozenset[str]()
    if isinstance(values := keywords.get("values"), ast.Dict):
        names = frozenset(str(key.value) for key in values.keys if isinstance(key, ast.Constant))
    yield ".".join(["errors", *map(str, parts)]), names if values is None or isinstance(values, ast.Dict) else None


def template_uses(source: str) -> Uses:
    uses = Uses()
    tree = Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(source)
    uses.quoted |= {str(node.value) for node in tree.find_all(nodes.Const)}
    uses.quoted |= set(re.findall(r'data-done="([\w.]+)"', source))
    for node in tree.find_all(nodes.Concat):
        uses.made_of([str(n.value) if isinstance(n, nodes.Const) else None for n in node.nodes])
    for node in tree.find_all(nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name == "t" and isinstance(node.args[0], nodes.Const):
            names = None if node.dyn_kwargs else frozenset(word.key for word in node.kwargs)
            uses.calls.append((str(node.args[0].value), names))
    return uses


def script_uses(source: str) -> Uses:
    uses = Uses(quoted=set(re.findall(r"""['"`]([\w.]+)['"`]""", source)))
    for key, values in re.findall(r"\bt\('([\w.]+)'(?:, \{([^{}]*)\})?\)", source):
        names = [pair.partition(":")[0].strip() for pair in re.sub(r"\([^()]*\)", "", values).split(",")]
        uses.calls.append((key, None if "..." in values else frozenset(filter(None, names))))
    for template in re.findall(r"`([a-z_]+\.[^`\s]*\$\{[^`]+)`", source):
        pieces = re.split(r"\$\{[^}]*\}", template)
        uses.made_of([piece for part in pieces for piece in (part, None)][:-1])
    return uses


def typst_uses(source: str) -> Uses:
    uses = Uses(quoted=set(re.findall(r'"([\w.]+)"', source)))
    uses.calls += [(key, None) for key in re.findall(r'\b(?:w|filled|counted)\("([\w.]+\w)"', source)]
    for start in re.findall(r'"([a-z_]+\.[\w.]*)" \+', source):
        uses.made_of([start, None])
    return uses


@cache
def all_uses() -> dict[Path, Uses]:
    return {path: uses_of(path) for path in [*PYTHON, *SCRIPTS, *TEMPLATES, *TYPST]}


def blanks(sentence: object) -> set[str]:
    """The names of the placeholders in a sentence or its plural forms."""
    forms = [sentence] if isinstance(sentence, str) else list(sentence.values())  # pyright: ignore[reportAttributeAccessIssue]
    return {name for form in forms for name in re.findall(r"{(\w+)}", form)}


def named_by(uses: Uses, enumerated: set[str]) -> Iterator[str]:
    """The keys that a source uses: complete, or composed of a prefix and a code or word that occurs as a string."""
    starts = {text for text in uses.quoted if text.endswith(".") and text.split(".")[0] in PARTS}
    patterns = [*uses.made, *(re.escape(start) + r"([\w.]+)" for start in starts)]
    known = uses.quoted | enumerated
    for key in sentences("en"):
        ways = [found for pattern in patterns if (found := re.fullmatch(pattern, key))]
        if key in uses.quoted or any(all(_is_quoted(value, known) for value in found.groups()) for found in ways):
            yield key


def _is_quoted(value: str, quoted: set[str]) -> bool:
    return value in quoted or all(part.isdigit() or part in quoted for part in value.strip(".").split("."))


class TestEntries:
    def test_every_language_has_the_same_keys_and_blanks(self):
        english = sentences("en")
        assert len(english) > 900
        for language in LANGUAGES:
            found = sentences(language)
            assert found.keys() == english.keys()
            assert {key for key in english if blanks(found[key]) != blanks(english[key])} == set()

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_nothing_is_empty_fuzzy_doubled_or_out_of_order(self, language):
        messages = [message for message in read_catalogue(language) if message.id]
        assert [message.id for message in messages if message.fuzzy or not all(forms_of(message))] == []
        written = re.findall(r'^msgid "(.+)"$', po_file(language).read_text("utf-8"), re.MULTILINE)
        assert written == sorted(set(written)), "run python -m lobule.words"
        forms = {len(message.string) for message in messages if not isinstance(message.id, str)}
        assert forms == {len(plural_categories(language))}

    def test_every_translation_stands_below_the_english_that_it_translates(self):
        english = {str(message.id): forms_of(message) for message in read_catalogue("en") if message.id}
        stale = [m.id for m in read_catalogue("zh") if m.id and m.auto_comments != english[str(m.id)]]
        assert stale == [], "run python -m lobule.words, and look at the Chinese of these entries"

    def test_no_sentence_was_left_in_english(self):
        english, chinese = sentences("en"), sentences("zh")
        texts = {key: " ".join(text if isinstance(text, str) else text.values()) for key, text in chinese.items()}
        same = {key for key in english if texts[key] == english[key] and re.search(r"[a-z]{3,} ", texts[key])}
        assert same == set()
        assert sum(bool(re.search(r"[\u4e00-\u9fff]", text)) for text in texts.values()) > 0.95 * len(texts)

    def test_research_use_is_said_as_everywhere(self):
        assert Words("en")("common.research_use_only") == RESEARCH_USE_ONLY


class TestUse:
    def test_no_key_is_missing(self):
        missing = {
            f"{path.name}: {key}"
            for path, uses in all_uses().items()
            for key, _ in uses.calls
            if key not in sentences("en")
        }
        assert missing == set()
        assert sum(len(uses.calls) for uses in all_uses().values()) > 500

    def test_no_way_to_put_a_key_together_leads_nowhere(self):
        keys = " ".join(sentences("en"))
        assert {
            m for uses in all_uses().values() for m in uses.made if not re.search(rf"(?<!\S){m}(?!\S)", keys)
        } == set()

    def test_every_key_is_used(self):
        """A key is used by its name, or by a composed name: `admin.role.` ~ role, `steps.${name}.of`."""
        enumerated = {
            text for path, uses in all_uses().items() if path.suffix in (".py", ".js") for text in uses.quoted
        }
        enumerated |= {text for path in DICOM_NODE for text in uses_of(path).quoted}  # codes that it reports
        enumerated |= {"refused_AE", "refused_AR"}  # which it makes of the answer's code
        named = {key for uses in all_uses().values() for key in named_by(uses, enumerated)}
        # Sentences of model packages are found by their English text, activities by a worker's codes.
        found_otherwise = {key for key in sentences("en") if key.startswith(("package.", "activity."))}
        assert sorted(sentences("en").keys() - named - found_otherwise) == []

    def test_no_sentence_has_two_keys(self):
        """If two sentences are equal in both languages, one key is enough; keys with a code as suffix form a family."""
        quoted = {text for uses in all_uses().values() for text in uses.quoted}
        keys: dict[tuple[str, str], set[str]] = {}
        for key in quoted & sentences("en").keys():
            keys.setdefault((str(sentences("en")[key]), str(sentences("zh")[key])), set()).add(key)
        twins = [found for found in keys.values() if len(found) > 1]
        assert [sorted(found) for found in twins if found not in SAME_ON_PURPOSE] == []
        assert [sorted(listed) for listed in SAME_ON_PURPOSE if listed not in twins] == []

    def test_every_sentence_about_heat_maps_is_said_by_a_pipeline(self):
        said = {text for path, uses in all_uses().items() if path.suffix == ".py" for text in uses.quoted}
        english = {key: text for key, text in sentences("en").items() if key.startswith("package.heat_map.")}
        assert len(english) == 6
        assert {key for key, text in english.items() if text not in said} == set()

    def test_every_call_gives_the_values_that_its_sentence_names(self):
        wrong = [
            f"{path.name}: {key} is given {set(names)}, needs {blanks(sentences('en')[key])}"
            for path, uses in all_uses().items()
            for key, names in uses.calls
            if names is not None and not blanks(sentences("en")[key]) <= names
        ]
        assert wrong == []
