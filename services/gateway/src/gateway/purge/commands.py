"""`lobule patient …`: deletes everything of a patient."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from gateway.command_line import commands, settings_at, tell_what_is_changed
from gateway.database import make_engine, make_session_factory, reading
from gateway.errors import ProblemError
from gateway.events import Events
from gateway.images.identity import Fingerprints
from gateway.purge import repository
from gateway.purge.backup_inspection import inspect_backup
from gateway.purge.deletions import certify
from gateway.purge.schemas import PurgeCreate
from gateway.purge.service import Purge, note_of_command
from lobule.cli.common import DEFAULT_HOME, HomeFolder, print_sentence, words
from lobule.imaging.header import DicomIdentity
from lobule.storage import open_configured_store

PatientId = Annotated[str | None, typer.Argument(help="PatientID of the films; default: a line of standard input")]

app = commands("Delete everything of a patient, certify deletions, and find the backups that still contain data.")


@app.callback()
def _group() -> None:
    """Delete everything of a patient, certify deletions, and find the backups that still contain data."""


@app.command()
def purge(
    reason: Annotated[str, typer.Option(help="reason, which the audit log records; write no names")],
    patient_id: PatientId = None,
    home: HomeFolder = DEFAULT_HOME,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be deleted, and delete nothing")] = False,
) -> None:
    """Delete everything of a patient, and print the certificate as JSON.

    The exit status is 1 if something is left, and 2 if the PatientID or the reason is refused; then nothing is deleted.
    """
    try:
        asked = PurgeCreate(patient_id=_given(patient_id), reason=reason, dry_run=dry_run)
    except ValidationError as error:
        for each in error.errors():
            typer.echo(f"{each['loc'][0]}: {each['msg']}", err=True)
        raise typer.Exit(2) from None
    settings = settings_at(home)
    tell_what_is_changed(settings)
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
    if not certificate.deleted.cases + certificate.deleted.images:
        print_sentence("cli.purge_nothing")
    raise typer.Exit(1 if certificate.left_rows or certificate.left_objects else 0)


@app.command()
def certificate(
    target: Annotated[str, typer.Argument(help="identifier of the deleted case or image, as in its address")],
    home: HomeFolder = DEFAULT_HOME,
) -> None:
    """Certify that a case or an image was deleted, and print who deleted it, when, and what is left, as JSON.

    The exit status is 1 if something is left, and 2 if the audit log has no deletion of it.
    """
    settings = settings_at(home)
    found = certify(make_session_factory(make_engine(settings.database_url)), open_configured_store(settings), target)
    if found is None:
        print_sentence("cli.not_deleted")
        raise typer.Exit(2)
    typer.echo(found.model_dump_json(indent=2))
    raise typer.Exit(1 if found.left_rows or found.left_objects else 0)


@app.command()
def backups(
    patient_id: PatientId = None,
    home: HomeFolder = DEFAULT_HOME,
    folder: Annotated[
        list[Path] | None, typer.Option(help="folder of a backup that this server does not know; may be repeated")
    ] = None,
) -> None:
    """List the backups that still contain data of a patient, before or after a purge, as JSON.

    The command checks every folder to which `lobule backup create` wrote. The exit status is 1 if a backup contains
    data of the patient, cannot be reached or cannot be checked, or if no backup is known. It is 2 if the PatientID is
    refused.
    """
    settings = settings_at(home)
    prints = Fingerprints(settings.secret_key.get_secret_value())
    mark = prints.of(DicomIdentity(patient_id=_given(patient_id))).patient_id_mark
    if mark is None:
        print_sentence("errors.patient_is_nobody")
        raise typer.Exit(2)
    with reading(make_session_factory(make_engine(settings.database_url))) as session:
        folders = repository.backup_folders(session)
        marks = repository.marks_of(session, mark)
        purged = repository.deleted_before(session, marks)
        unattributed = repository.deleted_under_other_keys(session, mark)
    named = dict.fromkeys([*folders, *(str(each.resolve()) for each in folder or ())])
    found = [inspect_backup(each, marks, purged, unattributed) for each in named]
    typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    if not found:
        print_sentence("cli.no_backup_folder")
    raise typer.Exit(1 if not found or any(each.state != "free" for each in found) else 0)


def _given(patient_id: str | None) -> str:
    """The PatientID of a command: its argument, or the only line of standard input.

    Raises:
        typer.Exit: None is given, or several, of which all but one would be left out.
    """
    if patient_id is not None:
        lines = [patient_id]
    else:
        read = sys.stdin.readline() if sys.stdin.isatty() else sys.stdin.read()
        lines = read.removeprefix("\ufeff").splitlines()  # an editor may have put a byte order mark before it
    given = [line.strip() for line in lines if line.strip()]
    if len(given) != 1:
        print_sentence("cli.one_patient_id")
        raise typer.Exit(2)
    return given[0]
