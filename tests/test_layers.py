"""The graph of imports between the packages of each service and of the shared packages has no cycle.

Every import counts: in a function, below `TYPE_CHECKING`, or in a package's `__init__`. The import contracts of
`pyproject.toml` define which package may import which.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SOURCES = {
    "gateway": "services/gateway/src",
    "histo_worker": "services/histo-worker/src",
    "mammo_worker": "services/mammo-worker/src",
    "report": "services/report/src",
    "dicom_node": "services/dicom/src",
    "lobule": "shared/src",
    "lobule_ml": "shared/ml/src",
}

Graph = dict[str, set[str]]


def modules_of(root: Path) -> dict[str, Path]:
    """The modules below a package's folder by their dotted names."""
    found = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str, path: Path) -> Iterator[str]:
    """The dotted names that a module imports, at any place in it."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def graph_of(root: Path) -> Graph:
    """The imports between the direct children (packages or modules) of a package."""
    graph: Graph = defaultdict(set)
    modules = modules_of(root)
    for module, path in modules.items():
        own = module.split(".")[1] if "." in module else "__init__"
        for imported in imports_of(module, path):
            parts = imported.split(".")
            if parts[0] != root.name:
                continue
            known = len(parts) > 1 and f"{root.name}.{parts[1]}" in modules
            graph[own].add(parts[1] if known else "__init__")
        graph[own].discard(own)
    return graph


def knots_in(graph: Graph) -> list[set[str]]:
    """The strongly connected groups of nodes."""
    reach = {node: _reachable(graph, node) for node in graph}
    groups = {frozenset(other for other in found if node in reach.get(other, ())) for node, found in reach.items()}
    return sorted((set(group) for group in groups if group), key=sorted)


def _reachable(graph: Graph, start: str) -> set[str]:
    found, ahead = set[str](), list(graph[start])
    while ahead:
        if (node := ahead.pop()) not in found:
            found.add(node)
            ahead.extend(graph.get(node, ()))
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_packages_import_one_another_in_one_direction(name):
    graph = graph_of(REPOSITORY / SOURCES[name] / name)
    assert len(graph) > 1
    assert knots_in(graph) == []


def test_a_cycle_is_found_wherever_the_import_stands(tmp_path):
    root = tmp_path / "service"
    for name, text in {
        "high": "from service.low import b",
        "low": "def b():\n    from ..high import a",
        "apart": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import service.high",
    }.items():
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").write_text(text)
    graph = graph_of(root)
    assert graph == {"high": {"low"}, "low": {"high"}, "apart": {"high"}}
    assert knots_in(graph) == [{"high", "low"}]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("gateway", "Packages of the gateway"),
        ("histo_worker", "Packages of the inference workers"),
        ("mammo_worker", "Packages of the inference workers"),
    ],
)
def test_the_architecture_names_every_package(name, heading):
    page = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    packages = {path.parent.name for path in (REPOSITORY / SOURCES[name] / name).glob("*/__init__.py")}
    assert packages - set(re.findall(r"`(\w+)`", section)) == set()
