"""`lobule patient …`: deletes everything of a patient."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from gateway.database import make_engine, make_session_factory
from gateway.errors import ProblemError
from gateway.events import Events
from gateway.images.identity import Fingerprints
from gateway.purge.schemas import PurgeCreate
from gateway.purge.service import Purge, note_of_command
from gateway.settings import get_settings
from lobule.cli.common import words
from lobule.storage import open_configured_store

app = typer.Typer(no_args_is_help=True, help="Delete everything of a patient.")


@app.callback()
def _group() -> None:
    """Delete everything of a patient."""


@app.command()
def purge(
    reason: Annotated[str, typer.Option(help="why, without names; it stands in the audit log")],
    patient_id: Annotated[
        str | None, typer.Argument(help="PatientID of the films; else read from standard input")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be deleted")] = False,
) -> None:
    """Delete everything of a patient, and print the certificate as JSON.

    Exit status 1: something is left. Exit status 2: nothing was done, as the PatientID or the reason is refused.
    """
    given = sys.stdin.readline().strip() if patient_id is None else patient_id
    try:
        asked = PurgeCreate(patient_id=given, reason=reason, dry_run=dry_run)
    except ValidationError as error:
        for each in error.errors():
            typer.echo(f"{each['loc'][0]}: {each['msg']}", err=True)
        raise typer.Exit(2) from None
    settings = get_settings()
    sessions = make_session_factory(make_engine(settings.database_url), Events(), settings.audit_secret)
    work = Purge(sessions, open_configured_store(settings), Fingerprints(settings.secret_key.get_secret_value()))
    try:
        certificate = work.run(
            asked.patient_id, by="lobule", reason=asked.reason, note=note_of_command, dry_run=asked.dry_run
        )
    except ProblemError as problem:
        typer.echo(problem.detail_in(words().language), err=True)
        raise typer.Exit(2) from None
    typer.echo(certificate.model_dump_json(indent=2))
    raise typer.Exit(1 if certificate.left_rows or certificate.left_objects else 0)
