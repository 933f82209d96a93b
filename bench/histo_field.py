"""Compares the time of a field's tissue segmentation with that of its classifier, stage by stage, in one run.

uv run --no-sync python bench/histo_field.py FIELD ... [--rounds 5]

The magnification comes from the files' names. Limit: the tissue takes at most half of the classifier's time and 0.1 s.
"""

import argparse
import statistics
from collections import defaultdict
from pathlib import Path

from histo_worker.data.breakhis import magnification_in
from histo_worker.pipeline import build_pipeline
from histo_worker.predict import describer
from lobule_ml.batch import analyse

STAGES = ("decode", "gate", "patches", "model", "tissue", "pictures")


def main() -> None:
    """Analyse the fields several times and print medians by magnification."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields", nargs="+", type=Path, help="fields of BreakHis, by their names")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    pipeline = build_pipeline()
    seconds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(arguments.rounds):
        for outcome in analyse(pipeline, arguments.fields, describer(None)):
            if outcome.result is None:
                raise SystemExit(f"{outcome.path}: {outcome.error}")
            for stage in STAGES:
                name = magnification_in(outcome.path.name) or "unknown"
                seconds[name][stage].append(outcome.result.timings_s[stage])
    for magnification, stages in sorted(seconds.items()):
        medians = {stage: statistics.median(values) for stage, values in stages.items()}
        bar = 0.5 * medians["model"] + 0.1
        times = ", ".join(f"{stage} {value:.3f}" for stage, value in medians.items())
        kept = "kept" if medians["tissue"] <= bar else "missed"
        print(f"{magnification}: {times} s; bar for the tissue {bar:.3f} s: {kept}")


if __name__ == "__main__":
    main()
