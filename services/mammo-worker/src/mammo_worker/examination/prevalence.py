"""Estimates the prevalence of cancer at a site from its own cases of known outcome."""

import csv
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

COLUMNS = ("breast", "cancer")
_WORDS = {
    "1": True,
    "yes": True,
    "true": True,
    "malignant": True,
    "0": False,
    "no": False,
    "false": False,
    "benign": False,
}
_Z = 1.959964  # z-value of a two-sided 95 % interval


@dataclass(frozen=True)
class SitePrevalence:
    """The share of a site's breasts with cancer.

    Attributes:
        breasts: Number of breasts with a known outcome.
        cancers: Number of these with cancer.
    """

    breasts: int
    cancers: int

    @property
    def of_breasts(self) -> float:
        """Share of breasts with cancer."""
        return self.cancers / self.breasts

    @property
    def of_examinations(self) -> float:
        """Share of examinations of two breasts with cancer, for `LOBULE_MAMMO_PREVALENCE`."""
        return 2 * self.of_breasts

    def interval(self) -> tuple[float, float]:
        """95 % interval of `of_examinations` (Wilson's score interval, JASA 1927, doubled)."""
        n, p = self.breasts, self.of_breasts
        middle = p + _Z**2 / (2 * n)
        half = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        scale = 2 / (1 + _Z**2 / n)
        return max(0.0, scale * (middle - half)), scale * (middle + half)


def read_prevalence(table: Path) -> SitePrevalence:
    """Count the cancers of a CSV with the columns `breast` and `cancer`; a row without an outcome is left out.

    Args:
        table: `breast` identifies a breast of an examination, each once; `cancer` is 1 or 0, yes or no, malignant or
            benign.

    Raises:
        ValueError: The table is invalid, contains a breast twice, or contains no known outcome.
    """
    seen: dict[str, int] = {}
    outcomes: list[bool] = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise ValueError(f"{table} lacks the columns {', '.join(missing)}; it needs {','.join(COLUMNS)}")
            for row in rows:
                breast, word = ((row[name] or "").strip() for name in COLUMNS)
                if breast in seen:
                    raise ValueError(f"{table}, line {rows.line_num}: {breast!r} is already in line {seen[breast]}")
                seen[breast] = rows.line_num
                if not word:
                    continue
                if word.lower() not in _WORDS:
                    raise ValueError(f"{table}, line {rows.line_num}: {word!r} is not 1 or 0")
                outcomes.append(_WORDS[word.lower()])
    except (OSError, UnicodeError, csv.Error) as error:
        raise ValueError(f"{table} cannot be read: {error}") from None
    if not outcomes:
        raise ValueError(f"{table} has no breast with a known outcome")
    return SitePrevalence(len(outcomes), sum(outcomes))
