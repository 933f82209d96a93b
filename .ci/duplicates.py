"""Holds repeated code below its budget: `make duplicates`.

jscpd finds passages of at least five lines and forty tokens that occur twice, in Python and JavaScript, tests included;
imports do not count.
`.ci/duplicates.json` is the budget. It may only fall: lower it when you remove a repeated passage.
"""

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BUDGET = Path(__file__).with_suffix(".json")
PROGRAM = Path("node_modules/.bin/jscpd")
SETTINGS = ("--pattern", "**/*.{py,js}", "--min-tokens", "40", "--min-lines", "5", "--gitignore", "--silent")
IGNORED = "**/.*/**,**/node_modules/**,**/migrations/**,var/**"


def main() -> int:
    """Print every repeated passage; 1 where there are more than the budget allows."""
    with tempfile.TemporaryDirectory() as folder:
        report = ("--reporters", "json", "--output", folder)
        subprocess.run([PROGRAM, *SETTINGS, "--ignore", IGNORED, *report, "."], check=True, stdout=subprocess.DEVNULL)
        found = json.loads(Path(folder, "jscpd-report.json").read_text())
    clones = [clone for clone in found["duplicates"] if not _only_imports(clone["firstFile"])]
    for clone in clones:
        places = (f"{clone[end]['name']}:{clone[end]['start']}" for end in ("firstFile", "secondFile"))
        print(f"{clone['lines']:4} lines  {'  '.join(places)}")
    passages, lines = len(clones), sum(clone["lines"] for clone in clones)
    budget = json.loads(BUDGET.read_text())
    print(f"{passages} passages stand twice, {lines} lines; the budget is {budget}")
    if passages > budget["passages"] or lines > budget["lines"]:
        print("Too many. Share what is new among them; the budget is not raised.")
        return 1
    if passages < budget["passages"] or lines < budget["lines"]:
        print(f"Fewer than the budget: please lower {BUDGET.name}.")
    return 0


def _only_imports(place: dict[str, Any]) -> bool:
    """Whether a passage of Python is all imports: modules of one kind import alike."""
    if not place["name"].endswith(".py"):
        return False
    parts = ast.parse(Path(place["name"]).read_text("utf-8")).body
    meant = [part for part in parts if part.lineno < place["end"] and (part.end_lineno or 0) >= place["start"]]
    return all(isinstance(part, ast.Import | ast.ImportFrom) or "TYPE_CHECKING" in ast.unparse(part) for part in meant)


if __name__ == "__main__":
    sys.exit(main())
