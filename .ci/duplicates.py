"""Hold repeated code below its budget: `make duplicates`.

jscpd finds passages of at least five lines and forty tokens that stand twice, in Python and JavaScript, tests included.
`.ci/duplicates.json` says how much of it there may be. The budget only falls: who finds a passage to share lowers it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

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
    for clone in found["duplicates"]:
        places = (f"{clone[end]['name']}:{clone[end]['start']}" for end in ("firstFile", "secondFile"))
        print(f"{clone['lines']:4} lines  {'  '.join(places)}")
    total = found["statistics"]["total"]
    budget = json.loads(BUDGET.read_text())
    print(
        f"{total['clones']} passages stand twice, {total['duplicatedLines']} lines of {total['lines']}; may be {budget}"
    )
    if total["clones"] > budget["passages"] or total["duplicatedLines"] > budget["lines"]:
        print("Too many. Share what is new among them; the budget is not raised.")
        return 1
    if total["clones"] < budget["passages"] or total["duplicatedLines"] < budget["lines"]:
        print(f"Fewer than the budget: please lower {BUDGET.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
