"""Counts the fields of a data set, compares BreakHis with the published counts, and finds unreadable fields."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from histo_worker.data.breakhis import LABELS, MAGNIFICATIONS, SUFFIXES, Field, parse_name
from lobule.words import counted
from lobule_ml.batch import tracked

# Spanhol et al. 2016, table 2, and the thesis' table 4 (whose 400X benign images are the same 588).
OFFICIAL_COUNTS: dict[tuple[str, str], int] = {
    ("40X", "benign"): 625, ("100X", "benign"): 644, ("200X", "benign"): 623, ("400X", "benign"): 588,
    ("40X", "malignant"): 1370, ("100X", "malignant"): 1437, ("200X", "malignant"): 1390, ("400X", "malignant"): 1232,
}  # fmt: skip


@dataclass(frozen=True)
class DataCheck:
    """The findings of `check_data`.

    Attributes:
        counts: Fields by (magnification, label), each name counted once.
        patients: Number of patients.
        doubled: Names that more than one file has.
        foreign: Image files whose names are not BreakHis names.
        fields: All fields, including doubled ones.
        missing: Names of the official listing without a file; empty without a listing.
    """

    counts: Counter[tuple[str, str]]
    patients: int
    doubled: list[str]
    foreign: list[str]
    missing: list[str]
    fields: list[Field]

    def lines(self) -> Iterator[str]:
        """The findings as a Markdown table and a list."""
        yield "| magnification | benign | official | malignant | official |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for magnification in MAGNIFICATIONS:
            cells = (f"{self.counts[magnification, c]} | {OFFICIAL_COUNTS[magnification, c]}" for c in LABELS)
            yield f"| {magnification} | {' | '.join(cells)} |"
        yield f"{self.counts.total()} of {sum(OFFICIAL_COUNTS.values())} fields, {counted(self.patients, 'patient')}"
        for words, names in (("missing", self.missing), ("doubled", self.doubled), ("foreign", self.foreign)):
            if names:
                yield f"{words}: {len(names)}, such as {', '.join(names[:5])}"


def check_data(folder: Path, listing: Path | None = None) -> DataCheck:
    """Count a copy of BreakHis and compare it with the official listing.

    Args:
        folder: The original tree or a flat folder.
        listing: One of the official `dsfoldN.txt`, whose train and test parts together name most of the data set.

    Raises:
        FileNotFoundError: The folder does not exist.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    fields: dict[str, Field] = {}
    doubled: list[str] = []
    foreign: list[str] = []
    every: list[Field] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        try:
            field = parse_name(path)
        except ValueError:
            foreign.append(path.name)
            continue
        every.append(field)
        if field.name in fields:
            doubled.append(field.name)
        fields[field.name] = field
    counts = Counter((str(f.magnification), f.label) for f in fields.values())
    patients = len({f.patient for f in fields.values()})
    return DataCheck(counts, patients, doubled, foreign, _missing(fields, listing), every)


def _missing(fields: dict[str, Field], listing: Path | None) -> list[str]:
    if listing is None:
        return []
    lines = listing.read_text("utf-8").splitlines()
    named = {Path(line.split("|")[0]).stem for line in lines if line.strip()}
    return sorted(named - fields.keys())


def count_labels(fields: Sequence[Field]) -> Iterator[str]:
    """Fields by magnification and class as a Markdown table, and the number of patients."""
    counts = Counter((f.magnification, f.label) for f in fields)
    yield "| magnification | benign | malignant |"
    yield "| --- | ---: | ---: |"
    for magnification in (*MAGNIFICATIONS, None):
        yield f"| {magnification or 'unknown'} | {' | '.join(str(counts[magnification, c]) for c in LABELS)} |"
    yield f"{counted(len(fields), 'field')}, {counted(len({f.patient for f in fields}), 'patient')}"


def unreadable_fields(fields: Sequence[Field]) -> Iterator[str]:
    """Open every field and list the unreadable ones, each with its path, a code and the reason."""
    for field in tracked(fields, "fields", len(fields)):
        try:
            field.pixels()
        except ValueError as error:
            yield str(error)
