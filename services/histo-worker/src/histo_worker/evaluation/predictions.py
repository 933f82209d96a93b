"""Writes the predictions of an evaluation as CSV and as JSON, with one row per field."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from histo_worker.data.breakhis import Field
from histo_worker.evaluation.cross_validation import OutOfFold

Row = dict[str, Any]


def field_row(field: Field) -> Row:
    """The columns of every prediction that describe its field."""
    return {
        "file": str(field.path),
        "name": field.name,
        "patient": field.patient,
        "label": field.label,
        "magnification": field.magnification,
    }


def out_of_fold_rows(oof: OutOfFold) -> Iterator[Row]:
    """Yield a row for each repetition and field: logit and probability of a classifier that has not seen the field."""
    for seed, logits, probabilities in zip(oof.seeds, oof.logits, oof.probabilities, strict=True):
        for field, logit, probability in zip(oof.fields, logits, probabilities, strict=True):
            yield (
                {"seed": seed}
                | field_row(field)
                | {
                    "logit": float(logit),
                    "probability_malignant": float(probability),
                }
            )


def write_predictions(stem: Path, rows: Sequence[Row] | Iterator[Row]) -> None:
    """Write rows of the same columns as `stem.csv` and `stem.json`, at full precision."""
    rows = list(rows)
    stem.parent.mkdir(parents=True, exist_ok=True)
    with stem.with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(rows[0]) if rows else ["file"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    stem.with_suffix(".json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
