"""Hold each package's coverage above its floor: `python .ci/coverage_floors.py`, after `coverage run -m pytest`."""

import sys
from collections import Counter
from pathlib import Path

import coverage

FLOORS = {  # percent of the lines
    "gateway": 90,
    "lobule": 90,
    "report": 90,
    "histo_worker": 80,
    "lobule_ml": 80,
    "mammo_worker": 80,
}


def main() -> int:
    """Print a line for each package; 1 where one is below its floor."""
    measured = coverage.Coverage()
    measured.load()
    lines, missing = Counter[str](), Counter[str]()
    for file in measured.get_data().measured_files():
        package = Path(file).relative_to(Path.cwd()).as_posix().partition("/src/")[2].partition("/")[0]
        _, statements, _, absent, _ = measured.analysis2(file)
        lines[package] += len(statements)
        missing[package] += len(absent)
    failed = False
    for package, floor in FLOORS.items():
        covered = 100 * (1 - missing[package] / lines[package]) if lines[package] else 0.0
        failed |= covered < floor
        verdict = "MISSED" if covered < floor else ""
        print(f"{package:14} {covered:5.1f} % of {lines[package]:6} lines, floor {floor} % {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
