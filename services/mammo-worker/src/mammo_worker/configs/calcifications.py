"""The search for clusters of calcifications: a small network, on crops of CBIS-DDSM at 0.1 mm a pixel.

Command, for each of the five folds (`--fold 0` to `--fold 4`), and without `--fold` for weights of all patients:

    KERAS_BACKEND=torch mammo-worker train-calcifications calcifications --data DATA --fold 0 --out RUNS/fold0

Expected result: `docs/results/calcifications.md`.
"""

from mammo_worker.calcifications.plan import SearchPlan


def plan() -> SearchPlan:
    """The plan of the measured network."""
    return SearchPlan()
