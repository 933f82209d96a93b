"""What was seen on crops of masses: CBIS-DDSM describes their masses, but not every calcification on them."""

import csv
from importlib.resources import files

READ_CROPS, CONTROLS, SEEN_CONTROLS = 1225, 60, 53
"""Crops of masses that were read, crops of calcifications among them, and those of the latter with something seen."""


def seen_on_masses() -> dict[str, str]:
    """Names of crops of masses on which something was seen, and what: see `reading.csv`.

    `single`: one or two calcifications; `group`: three or more within a centimetre, or a calcified vessel; `marker`: a
    skin marker, wire, label or scratch; `unsure`: perhaps one of these.
    """
    text = files("mammo_worker.calcifications").joinpath("reading.csv").read_text("utf-8")
    return {row["file"]: row["seen"] for row in csv.DictReader(text.splitlines())}
