"""Commands of `dicom-node` on the journal, and on the rules."""

import argparse
import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from dicom_node.journal import outgoing, received, retention
from dicom_node.journal.database import Journal
from dicom_node.receiving.rules import judge_file
from dicom_node.routing import read_routing
from dicom_node.statuses import Answer, Status
from lobule.settings import variable


def run(arguments: Sequence[str]) -> int:
    """Run a command on the journal of `LOBULE_DICOM_FOLDER`; the node may be running. Gives the exit status."""
    parser = argparse.ArgumentParser("dicom-node", description="Without a command, start the node.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("results", help="list all results with the state of their delivery")
    commands.add_parser("dead", help="list the results that were given up")
    resend = commands.add_parser("resend", help="send the results that were given up, or all results of a study, again")
    resend.add_argument("study", nargs="?", help="StudyInstanceUID; default: all results that were given up")
    commands.add_parser("undelivered", help="list the films that the gateway refused, or that wait after a failure")
    commands.add_parser("deliver", help="send the films that the gateway refused to it again, and those that wait now")
    commands.add_parser(
        "retention-after-pause", help="have old objects deleted although the last run was more than seven days ago"
    )
    rules = commands.add_parser("rules", help="print how the node would answer to files, and the rule that decides")
    rules.add_argument("files", nargs="+", type=Path, help="DICOM files")
    rules.add_argument("--calling-ae", default="ANY", help="AE title of the sender")
    rules.add_argument("--rules", type=Path, help="file with rules; default: LOBULE_DICOM_RULES")
    given = parser.parse_args(arguments)
    if given.command == "rules":
        return _try_rules(given.files, given.calling_ae, given.rules or _path_of("DICOM_RULES"))
    return _on_journal(given)


def _on_journal(given: argparse.Namespace) -> int:
    file = (_path_of("DICOM_FOLDER") or Path()) / "journal.sqlite"
    if not file.exists():
        print(f"There is no journal at {file}. Set LOBULE_DICOM_FOLDER to the node's folder.", file=sys.stderr)
        return 1
    journal = Journal(file)
    try:
        if given.command == "resend":
            with journal.transaction() as database:
                print(f"{outgoing.send_again(database, given.study, time.time())} to be sent once more")
            return 0
        if given.command == "deliver":
            with journal.transaction() as database:
                print(f"{received.deliver_again(database, time.time())} to be delivered once more")
            return 0
        if given.command == "retention-after-pause":
            with journal.transaction() as database:
                retention.note_run(database, time.time())
            print("the node deletes what is old within an hour")
            return 0
        with journal.reading() as database:
            if given.command == "undelivered":
                rows, time_column = received.undelivered(database), "received_at"
            else:
                rows, time_column = outgoing.sendings(database, "dead" if given.command == "dead" else None), "made_at"
        _print_table(rows, time_column)
        return 0
    finally:
        journal.close()


def _print_table(rows: Sequence[sqlite3.Row], time_column: str) -> None:
    """Print rows under the names of their columns, separated by tabs, with times in the node's time zone."""
    for number, row in enumerate(rows):
        told: dict[str, object] = dict(row)
        told[time_column] = datetime.fromtimestamp(row[time_column]).astimezone().isoformat(timespec="seconds")
        if number == 0:
            print("\t".join(told))
        print("\t".join("" if value is None else str(value) for value in told.values()))


def _path_of(name: str) -> Path | None:
    value = variable(name)
    return Path(value) if value else None


def _try_rules(files: Sequence[Path], calling_ae: str, rules: Path | None) -> int:
    """Print for each file the answer that it would get, with the rule and the reason. Nothing is sent or stored."""
    try:
        routing = read_routing(rules)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for file in files:
        if not file.is_file():
            print(f"{file} is no file", file=sys.stderr)
            return 1
        decision = judge_file(file, calling_ae, routing)
        rule, _ = routing.decide(file, calling_ae)
        status, comment = (decision.status, decision.comment) if isinstance(decision, Answer) else (Status.SUCCESS, "")
        print(f"{file}\t{status:04X}\t{rule.name if rule else '-'}\t{comment}")
    return 0
