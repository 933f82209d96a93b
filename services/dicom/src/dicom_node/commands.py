"""`dicom-node results | dead | resend`: what was made, what could not be sent, and sending it once more."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dicom_node.journal import made
from dicom_node.journal.database import Journal


def run(arguments: Sequence[str]) -> int:
    """Run a command on the journal of `LOBULE_DICOM_FOLDER`; the node may be running. Gives the exit status."""
    parser = argparse.ArgumentParser("dicom-node", description="Without a command, the node runs until it is ended.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("results", help="list all results with what became of their sending")
    commands.add_parser("dead", help="list those that are not tried again by themselves")
    resend = commands.add_parser("resend", help="send the dead once more, or all results of a study")
    resend.add_argument("study", nargs="?", help="StudyInstanceUID; without it, all that are dead")
    given = parser.parse_args(arguments)
    file = Path(os.environ.get("LOBULE_DICOM_FOLDER", "")) / "journal.sqlite"
    if not file.exists():
        print(f"There is no journal at {file}. Set LOBULE_DICOM_FOLDER to the node's folder.", file=sys.stderr)
        return 1
    journal = Journal(file)
    try:
        if given.command == "resend":
            with journal.transaction() as database:
                print(f"{made.send_again(database, given.study, time.time())} to be sent once more")
            return 0
        with journal.reading() as database:
            rows = made.sendings(database, "dead" if given.command == "dead" else None)
        for row in rows:
            print("\t".join(str(row[name]) for name in row.keys()))  # noqa: SIM118 - a row iterates over its values
        return 0
    finally:
        journal.close()
