"""The document of measured results, in which each section is written and replaced by its own command."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from histo_worker.data.breakhis import Field, find_fields
from histo_worker.data.source import read_source
from histo_worker.evaluation.appearances import read_dyes
from histo_worker.preprocessing.dyes import Dyes
from histo_worker.reproduction.baselines import baselines_section
from histo_worker.reproduction.heads import heads_section
from histo_worker.reproduction.laboratories import laboratories_section
from histo_worker.reproduction.magnifications import magnifications_section
from histo_worker.reproduction.networks import networks_section

SECTIONS = ("heads", "magnifications", "laboratories", "networks", "baselines")
NEEDS = {"magnifications": ("--more",), "laboratories": ("--more", "--dyes")}
"""What sections need beside the fields and the weights."""
_MARK = "<!-- section: {} -->"


def reproduce(
    data: Path,
    weights: Path,
    output: Path,
    sections: Sequence[str],
    cache: Path | None,
    more: Path | None = None,
    dyes: Sequence[str] = (),
) -> None:
    """Run sections and write them into `output`; other sections do not change.

    Args:
        data: Folder of BreakHis.
        weights: Folder of pretrained weights.
        output: The Markdown file; plots are written to a folder beside it.
        sections: Any of `SECTIONS`.
        cache: Folder for features and scores of trained networks, or None.
        more: Folder of further fields, in any layout of `histo_worker.data.source`.
        dyes: Sources of dyes as `NAME=PATH`; see `read_dyes`.

    Raises:
        ValueError: A section is unknown or lacks what it needs, or a source of dyes is not `NAME=PATH`.
    """
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"there is no section {', '.join(sorted(unknown))}; choose one of {', '.join(SECTIONS)}")
    for section in sections:
        if missing := lacking(section, more, dyes):
            raise ValueError(f"the section {section} needs {' and '.join(missing)}")
    fields = find_fields(data)
    at100 = [f for f in fields if f.magnification == "100X"]

    sources = dict(map(_named_path, dyes))

    def further() -> list[Field]:
        return read_source(more).fields if more else []

    writers: dict[str, Callable[[], Iterator[str]]] = {
        "heads": lambda: heads_section(fields, weights, cache, output.parent / f"{output.stem}-plots"),
        "magnifications": lambda: magnifications_section(fields, further(), weights, cache),
        "laboratories": lambda: laboratories_section(fields, further(), _read_all(sources), weights, cache),
        "networks": lambda: networks_section(at100, cache),
        "baselines": lambda: baselines_section(at100),
    }
    for section in sections:
        started = time.perf_counter()
        lines = [*writers[section]()]
        minutes = (time.perf_counter() - started) / 60
        needs = NEEDS.get(section, ())
        second = " --more BREAKHIS_MORE" * ("--more" in needs)
        third = "".join(f" --dyes {name}={path.name}" for name, path in sources.items()) * ("--dyes" in needs)
        command = f"histo-worker reproduce --data BREAKHIS{second}{third} --weights WEIGHTS --section {section}"
        lines += ["", f"Written by `{command}` in {minutes:.0f} min."]
        parts = read_sections(output) | {section: "\n".join(lines)}
        write_document(output, fields, parts)


def lacking(section: str, more: Path | None, dyes: Sequence[str] | None) -> list[str]:
    """The options that a section needs and that were not given."""
    given = {"--more": more, "--dyes": dyes}
    return [option for option in NEEDS.get(section, ()) if not given[option]]


def _named_path(given: str) -> tuple[str, Path]:
    name, _, path = given.partition("=")
    if not (name and path):
        raise ValueError(f"{given!r} is not NAME=PATH")
    return name, Path(path)


def _read_all(sources: dict[str, Path]) -> dict[str, Dyes]:
    return {name + part: dyes for name, path in sources.items() for part, dyes in read_dyes(path).items()}


_TOOK = re.compile(r"^Written by `.*` in (\d+) min\.$", re.MULTILINE)


def costs(document: Path, sections: Sequence[str]) -> Iterator[str]:
    """Yield the cost of writing sections again, from the times in the document."""
    took = {name: _TOOK.search(text) for name, text in read_sections(document).items()}
    total = 0
    for section in sections:
        match = took.get(section)
        total += int(match[1]) if match else 0
        yield f"{section}: {match[1]} minutes last time" if match else f"{section}: not measured before"
    yield (
        f"About {total} minutes in all, on a machine and with data like those of {document}; the times were taken on "
        "two cores, with 586 fields, and grow with the number of fields. What the cache holds costs seconds."
    )


def read_sections(document: Path) -> dict[str, str]:
    """The sections of a document by name; empty if there is no document."""
    text = document.read_text("utf-8") if document.exists() else ""
    found: dict[str, str] = {}
    for section in SECTIONS:
        _, mark, rest = text.partition(_MARK.format(section) + "\n")
        if mark:
            found[section] = rest.split("<!-- section:", 1)[0].strip()
    return found


def write_document(document: Path, fields: Sequence[Field], parts: dict[str, str]) -> None:
    """Write the document of the given sections, in the order of `SECTIONS`."""
    patients = len({f.patient for f in fields})
    lines = [
        "# Histopathology: measured results",
        "",
        f"Data: BreakHis (Spanhol et al. 2016), {len(fields)} fields of {patients} patients; the published data set "
        "holds 7,909 of 82. Splits are by patient; intervals are 95 % bootstrap intervals over patients. Pointed at "
        "the whole data set, the same commands give its figures. `make reproduce-histo` runs them all.",
        "",
        "Precision and recall are the standard ones; the thesis' printed equations (4.1.4) define them otherwise.",
        "The thesis' figures stand beside ours for comparison; it had all 82 patients.",
        "",
    ]
    for section in SECTIONS:
        if section in parts:
            lines += [_MARK.format(section), parts[section], ""]
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text("\n".join(lines), "utf-8")
