"""Rows of the tables that compare classifiers of whole fields."""

from typing import Any

from histo_worker.evaluation.cross_validation import OutOfFold

HEADER = (
    "| method | 100X image AUC | 100X image accuracy | 100X patient accuracy | 100X ECE | 40X image AUC |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


def row(name: str, oof: OutOfFold) -> str:
    """A classifier's row under `HEADER`."""
    at100 = oof.measure("100X")
    names = ("image_auc", "image_accuracy", "patient_accuracy", "image_ece")
    cells = [cell(at100[n]) for n in names]
    has40 = len({f.label for f in oof.fields if f.magnification == "40X"}) == 2
    cells.append(cell(oof.measure("40X")["image_auc"]) if has40 else "not measured")
    return f"| {name} | {' | '.join(cells)} |"


def cell(measured: dict[str, Any]) -> str:
    """A value and its interval."""
    low, high = measured["interval"]
    return f"{measured['value']:.3f} ({low:.3f} to {high:.3f})"
