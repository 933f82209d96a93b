"""`lobule audit …`: verifies the audit log, anchors it, and exports it."""

import socket
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit import repository, sealing
from gateway.audit.anchors import Anchorer, read_anchors
from gateway.audit.export import Format, line_of
from gateway.audit.repository import AuditFilter
from gateway.audit.service import record
from gateway.audit.verification import verify
from gateway.command_line import audit_key_of, commands, sessions_at, settings_at
from gateway.database import in_utc, reading
from lobule.cli.common import DEFAULT_HOME, HomeFolder, words

app = commands(
    "Verify and export the audit log of LOBULE_DATABASE_URL or, if it is not set, of the folder that `lobule up` uses.",
)
_Anchors = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="files with anchors of the chains, to compare with the log; default: that of the gateway",
    ),
]

_MOMENTS = [f"%Y-%m-%d{time}" for time in ("", "T%H:%M:%S", " %H:%M:%S", "T%H:%M:%S%z", " %H:%M:%S%z")]


@app.command("verify")
def verify_log(home: HomeFolder = DEFAULT_HOME, anchors: _Anchors = None) -> None:
    """Report every event that was changed, deleted or inserted. The exit status is 1 if there is any."""
    sessions, text, settings = sessions_at(home), words(), settings_at(home)
    files = anchors or ([settings.audit_anchors] if settings.audit_anchors else [])
    known = [anchor for file in files for anchor in read_anchors(file)]
    faults, of_another_key = 0, False
    with reading(sessions) as session:
        for fault in verify(session, audit_key_of(sessions), known, settings.former_audit_secrets):
            faults += 1
            of_another_key |= fault.kind == "changed" and fault.first == 1
            typer.echo(text(f"cli.audit.{fault.kind}", chain=fault.chain, first=fault.first, last=fault.last))
        typer.echo(text("cli.audit.verified", events=repository.count(session), faults=faults, anchors=len(known)))
    if of_another_key:  # a chain begins with it
        typer.echo(text("cli.audit.another_key"))
    raise typer.Exit(1 if faults else 0)


@app.command()
def anchor(file: Annotated[Path, typer.Argument(help="file to append to")], home: HomeFolder = DEFAULT_HOME) -> None:
    """Append the present ends of the chains to a file. Keep the file on another machine."""
    sessions = sessions_at(home)
    Anchorer(sessions, audit_key_of(sessions), file).anchor()


@app.command()
def seal(
    home: HomeFolder = DEFAULT_HOME,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=_MOMENTS,
            help="time at which the update began, in UTC unless it names a zone; default: time of the newest "
            "linked event",
        ),
    ] = None,
) -> None:
    """Link events that a gateway of an older version wrote during an update, and restore lost ends of chains.

    The audit log records this.

    The command prints each event. It does not link events older than `--since`; if there are any, the exit status is 1.
    """
    text = words()

    def print_event(event: dict[str, Any], linked: bool) -> None:
        typer.echo(text("cli.audit.links" if linked else "cli.audit.left", event=sealing.described(event)))

    sealed = sealing.seal(sessions_at(home), print_event, since and in_utc(since))
    typer.echo(text("cli.audit.sealed", count=sealed.events, left=sealed.refused))
    raise typer.Exit(1 if sealed.refused else 0)


@app.command()
def export(
    home: HomeFolder = DEFAULT_HOME,
    form: Annotated[Format, typer.Option("--format", help="jsonl or syslog (RFC 5424)")] = "jsonl",
    since: Annotated[
        datetime | None,
        typer.Option(formats=_MOMENTS, help="leave out events before this time, in UTC unless it names a zone"),
    ] = None,
) -> None:
    """Print the audit log, oldest event first. The log records the export."""
    sessions, host = sessions_at(home), socket.gethostname()
    with sessions.begin() as session:
        record(session, None, "lobule", "audit.export", detail={"format": form})
    with reading(sessions) as session:
        for event in repository.every(session, AuditFilter(since=since and in_utc(since)), oldest_first=True):
            typer.echo(line_of(event, form, host))
