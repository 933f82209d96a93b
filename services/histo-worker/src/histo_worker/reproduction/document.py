"""The document of measured results, in which each section is written and replaced by its own command."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from histo_worker.data.breakhis import LABELS, Field, find_fields
from histo_worker.data.source import read_sources
from histo_worker.evaluation.appearances import read_dyes
from histo_worker.preprocessing.stain import Dyes
from histo_worker.reproduction.baselines import baselines_section
from histo_worker.reproduction.heads import BASE, heads_section
from histo_worker.reproduction.laboratories import laboratories_section
from histo_worker.reproduction.magnifications import magnifications_section
from histo_worker.reproduction.networks import networks_section
from lobule_ml.backbones import archive_of

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
        FileNotFoundError, ValueError: A section is unknown, lacks what it needs or has too few patients, or a source of
            dyes has no suitable name or cannot be read.
    """
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"there is no section {', '.join(sorted(unknown))}; choose one of {', '.join(SECTIONS)}")
    for section in sections:
        if missing := lacking(section, more, dyes):
            raise ValueError(f"the section {section} needs {' and '.join(missing)}")
    sources = _named_paths(dyes)
    # What is missing or wrong must be reported now, not after hours of other sections.
    if {"heads", "magnifications", "laboratories"} & set(sections):
        archive_of(BASE.backbone, weights)
    fields = find_fields(data)
    at100 = [f for f in fields if f.magnification == "100X"]
    _require_patients(at100)
    needed = {option for section in sections for option in NEEDS.get(section, ())}
    further: list[Field] = []
    if more is not None and "--more" in needed:  # a field of both folders counts once
        further = [field for field in read_sources([data, more]).fields if field not in fields]
    given = _read_all(sources) if "--dyes" in needed else {}

    writers: dict[str, Callable[[], Iterator[str]]] = {
        "heads": lambda: heads_section(fields, weights, cache, output.parent / f"{output.stem}-plots"),
        "magnifications": lambda: magnifications_section(fields, further, weights, cache),
        "laboratories": lambda: laboratories_section(fields, further, given, weights, cache),
        "networks": lambda: networks_section(at100, cache),
        "baselines": lambda: baselines_section(at100),
    }
    for section in sections:
        started = time.perf_counter()
        lines = [*writers[section]()]
        minutes = (time.perf_counter() - started) / 60
        needs = NEEDS.get(section, ())
        second = " --more BREAKHIS_MORE" * ("--more" in needs)
        given_dyes = [f" --dyes {quote(f'{name}={path.name}')}" for name, path in sources.items()]
        third = "".join(given_dyes) * ("--dyes" in needs)
        command = f"histo-worker reproduce --data BREAKHIS{second}{third} --weights WEIGHTS --section {section}"
        lines += ["", f"Written by `{command}` in {minutes:.0f} min."]
        parts = read_sections(output) | {section: "\n".join(lines)}
        write_document(output, fields, parts)


def _require_patients(fields: Sequence[Field]) -> None:
    for label in LABELS:
        patients = len({f.patient for f in fields if f.label == label})
        if patients < BASE.folds:
            raise ValueError(
                f"the tables need fields at 100X of at least {BASE.folds} {label} patients; the data have {patients}"
            )


def lacking(section: str, more: Path | None, dyes: Sequence[str] | None) -> list[str]:
    """The options that a section needs and that were not given."""
    given = {"--more": more, "--dyes": dyes}
    return [option for option in NEEDS.get(section, ()) if not given[option]]


def left_out(sections: Sequence[str], more: Path | None, dyes: Sequence[str] | None) -> Iterator[str]:
    """A line for each section that is not run because its options were not given."""
    for section in SECTIONS:
        if section not in sections and (missing := lacking(section, more, dyes)):
            yield f"{section}: left out, because it needs {' and '.join(missing)}"


def _named_paths(given: Sequence[str]) -> dict[str, Path]:
    """Paths by the names that `NAME=PATH` gives them, which stand in tables and in the command of a section."""
    found: dict[str, Path] = {}
    for one in given:
        name, _, path = one.partition("=")
        if not (name and path):
            raise ValueError(f"{one!r} is not NAME=PATH")
        if not name.isprintable() or name != name.strip() or set(name) & set("|`"):
            raise ValueError(f"the name {name!r} has spaces around it, or |, ` or control characters; choose another")
        if name in found:
            raise ValueError(f"two sources of dyes have the name {name}")
        found[name] = Path(path)
    return found


def _read_all(sources: dict[str, Path]) -> dict[str, Dyes]:
    return {name + part: dyes for name, path in sources.items() for part, dyes in read_dyes(path).items()}


_TOOK = re.compile(r"^Written by `.*` in (\d+) min\.$", re.MULTILINE)


def costs(document: Path, sections: Sequence[str]) -> Iterator[str]:
    """Yield the cost of writing sections again, from the times in the document."""
    took = {name: _TOOK.search(text) for name, text in read_sections(document).items()}
    known = [int(match[1]) for section in sections if (match := took.get(section))]
    for section in sections:
        match = took.get(section)
        yield f"{section}: {match[1]} minutes last time" if match else f"{section}: not measured before"
    if not known:
        return
    yield (
        f"About {sum(known)} minutes in all{' for those' * (len(known) < len(sections))}, on a machine and with data "
        f"like those of {document}; the times were taken on two cores, with 586 fields, and grow with the number of "
        "fields. What the cache holds costs seconds."
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
