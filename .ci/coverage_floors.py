"""Holds the coverage of each package above its floor; run by `make test COVERAGE=1`.

It counts the lines that run in the processes of the tests. Other processes, such as the workers of `lobule up`, are
not measured, so the true coverage is higher. Two kinds of files are left out, because tests run them where SlipCover
does not see it: migrations, which Alembic loads (`services/gateway/tests/test_migrations.py` runs each), and what runs
in the decoder process alone (`shared/tests/decoding` runs it).
"""

import json
import sys
from collections import Counter
from pathlib import Path

LEFT_OUT = (
    "/migrations/",
    *(f"/lobule/decoding/{name}.py" for name in ("server", "confinement", "seccomp", "warming")),
)
FLOORS = {  # percent of the lines
    "gateway": 90,
    "lobule": 90,
    "report": 90,
    "dicom_node": 90,
    "histo_worker": 80,
    "lobule_ml": 80,
    "mammo_worker": 80,
}


def main(measured: Path) -> int:
    """Print a line for each package; 1 where one is below its floor."""
    covered, missing = Counter[str](), Counter[str]()
    for file, result in json.loads(measured.read_text())["files"].items():
        package = file.partition("src/")[2].partition("/")[0]
        if any(part in file for part in LEFT_OUT):
            continue
        covered[package] += result["summary"]["covered_lines"]
        missing[package] += result["summary"]["missing_lines"]
    failed = False
    for package, floor in FLOORS.items():
        lines = covered[package] + missing[package]
        percent = 100 * covered[package] / lines if lines else 0.0
        failed |= percent < floor
        verdict = "MISSED" if percent < floor else ""
        print(f"{package:14} {percent:5.1f} % of {lines:6} lines, floor {floor} % {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
