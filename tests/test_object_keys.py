"""Only `lobule.layout` contains keys of the object store and the names of files in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lobule import layout

REPOSITORY = Path(__file__).parent.parent
LAYOUT = Path(layout.__file__).resolve()
SOURCES = [path for path in REPOSITORY.glob("s*/**/src/**/*.py") if path.resolve() != LAYOUT]

_TOP_FOLDER = re.compile(r"(images|instances|jobs|previews)/")
_FILE = re.compile(r"(result|facts)\.json$|preview\.jpg$|samples\.u16$|(display|heat_map)\.png$|^report\.$|/original$")
_FOLDER_NAME = re.compile(r"(prefix|folder_key|object_key)$")


def spelled_keys(tree: ast.AST) -> Iterator[str]:
    """Strings of a module that are keys of the object store, or parts of one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            first, *rest = node.values
            if isinstance(first, ast.FormattedValue) and rest and _FOLDER_NAME.search(_name(first.value)):
                text = rest[0].value if isinstance(rest[0], ast.Constant) else ""
                if str(text).startswith("/"):
                    yield ast.unparse(node)
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and " " not in text and (_TOP_FOLDER.match(text) or _FILE.search(text)):
            yield text


def _name(value: ast.expr) -> str:
    called = value.func if isinstance(value, ast.Call) else value
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


@pytest.mark.parametrize(
    "code",
    [
        'key = f"jobs/{job}/inference/1"',
        'store.get(f"{claim.output_prefix}/anything")',
        'store.get(f"{step.output_prefix()}/{name}")',
        'RESULT = "result.json"',
        'key = folder + "/original"',
    ],
)
def test_the_rule_finds_a_spelled_key(code):
    assert list(spelled_keys(ast.parse(code)))


def test_no_module_but_the_layout_spells_a_key():
    assert len(SOURCES) > 200
    found = {
        f"{path.relative_to(REPOSITORY)}: {spelled}"
        for path in SOURCES
        for spelled in spelled_keys(ast.parse(path.read_text("utf-8")))
    }
    assert found == set()
