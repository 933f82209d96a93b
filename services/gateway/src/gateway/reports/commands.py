"""`lobule reports …`: renders signed reports again, verifies signed PDF files, and draws the keys that sign them."""

import getpass
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from gateway.audit.service import record
from gateway.cases import repository as cases
from gateway.command_line import commands, fail, sessions_at
from gateway.database import SessionFactory, read
from gateway.errors import ProblemError
from gateway.jobs.queues.lanes import Requester
from gateway.pdf_signing import draw_certificate, draw_certificate_in_token, verified
from gateway.reports import renderings, repository
from gateway.reports.schemas import RenderingsCreate
from gateway.token_keys import TokenError, TokenKey
from lobule.cli.common import DEFAULT_HOME, HomeFolder
from lobule.contracts.language import LANGUAGES
from lobule.words import counted

app = commands(
    "Render signed reports of LOBULE_DATABASE_URL or, if it is not set, of the folder that "
    "`lobule up` uses. Verify signed PDF files. Make the keys that sign reports and PDF files."
)


@app.command()
def render(
    case: Annotated[list[str] | None, typer.Argument(help="ids of the cases; omit them with --all")] = None,
    home: HomeFolder = DEFAULT_HOME,
    every: Annotated[bool, typer.Option("--all", help="render the signed versions of every case")] = False,
    version: Annotated[int | None, typer.Option(min=1, help="render only this version")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help=f"{' or '.join(LANGUAGES)}; may be repeated; default: all")
    ] = None,
    form: Annotated[
        list[str] | None, typer.Option(help="html, pdf, png or json; may be repeated; default: all")
    ] = None,
    anew: Annotated[
        bool, typer.Option(help="also replace renderings that exist; default: only add missing ones")
    ] = False,
) -> None:
    """Have the report service render signed versions again from their stored content.

    The command first checks the fingerprint and the signature of each version. The audit log records each rendering.
    """
    if every == bool(case):
        raise fail("Name the cases, or give --all.")
    wanted = _wanted(language, form, anew=anew)
    sessions = sessions_at(home)
    found = read(sessions, lambda session: repository.numbers(session, case, version))
    if unknown := set(case or []) - {case_id for case_id, _ in found}:
        raise fail(f"No signed version of: {', '.join(sorted(unknown))}.")
    altered = [at for at in found if not _render(sessions, *at, wanted)]
    typer.echo(f"The report service renders {counted(len(found) - len(altered), 'signed version')}.")
    for case_id, number in altered:
        typer.echo(f"version {number} of case {case_id} differs from what was signed, or its key is unknown", err=True)
    if altered:
        raise typer.Exit(1)


@app.command()
def certificate(
    folder: Annotated[Path, typer.Argument(help="folder to write the files pdf_certificate and pdf_key to")],
    name: Annotated[str, typer.Option(help="name of the hospital that PDF readers show")],
    days: Annotated[int, typer.Option(min=1, max=7300, help="days for which the certificate is valid")] = 1825,
    key: Annotated[
        str | None, typer.Option(help="PKCS#11 URI of the key to make in a token; default: a key in a file")
    ] = None,
) -> None:
    """Make a self-signed certificate and its key, which sign the PDF of signed reports."""
    files = ("pdf_certificate", "pdf_key")
    if there := [file for file in files if (folder / file).exists() and (folder / file).stat().st_size]:
        raise fail(f"Already there: {', '.join(there)}.")
    if key is None:
        drawn = draw_certificate(name, days)
    else:
        drawn = _in_token(key, lambda token: draw_certificate_in_token(token, name, days)), f"{key}\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(files, drawn, strict=True):
        with os.fdopen(os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)
    typer.echo(f"Drawn: {folder / 'pdf_certificate'} and {folder / 'pdf_key'}, valid for {counted(days, 'day')}.")


@app.command()
def key(
    uri: Annotated[str, typer.Argument(help="pkcs11:token=TOKEN;object=NAME?module-path=FILE&pin-source=FILE")],
) -> None:
    """Make the key that signs reports (Ed25519) in a PKCS#11 token, and print its public key."""

    def draw(token: TokenKey) -> bytes:
        token.draw("ed25519")
        return token.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    typer.echo(_in_token(uri, draw).decode(), nl=False)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="the PDF of a signed report", exists=True)],
    certificates: Annotated[
        Path, typer.Option("--certificate", help="PEM certificates that are trusted to sign the PDF", exists=True)
    ],
    content: Annotated[
        Path | None, typer.Option(help="file with the signed content, to compare with the PDF", exists=True)
    ] = None,
) -> None:
    """Verify the signature in a PDF, without a server. The exit status is 1 if it is not valid."""
    found = verified(file.read_bytes())
    if found is None:
        raise fail("The PDF has no signature, or was changed since it was signed.")
    typer.echo(f"{found.states}\nsigned {found.signed_at} by {found.certificate.subject.rfc4514_string()}")
    try:
        trusted = x509.load_pem_x509_certificates(certificates.read_bytes())
    except ValueError:
        raise fail(f"{certificates} holds no PEM certificate.") from None
    if found.certificate not in trusted:
        raise fail("It was signed with another certificate.")
    if content is not None and hashlib.sha256(content.read_bytes()).hexdigest() != found.states.split()[-1]:
        raise fail("It was made of another content.")
    typer.echo("The signature verifies.")


def _in_token(uri: str, draw: Callable[[TokenKey], bytes]) -> bytes:
    try:
        return draw(TokenKey.parse(uri))
    except (TokenError, ValueError) as error:
        raise fail(str(error)) from None


def _wanted(languages: list[str] | None, forms: list[str] | None, *, anew: bool) -> RenderingsCreate:
    given = {name: value for name, value in (("languages", languages), ("forms", forms)) if value}
    try:
        return RenderingsCreate.model_validate({**given, "anew": anew})
    except ValidationError as error:
        raise fail("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from None


def _render(sessions: SessionFactory, case_id: str, version: int, wanted: RenderingsCreate) -> bool:
    """Ask for one version's renderings, in a transaction of its own; False if its content was altered."""
    with sessions.begin() as session:
        report = repository.version(session, case_id, version)
        assert report is not None, "a signed version is deleted with its case alone"
        detail = {"version": version, **wanted.model_dump(mode="json")}
        try:
            owner_id = cases.by_id(session, case_id).owner_id
            renderings.ensure(session, report, owner_id, Requester(owner_id, interactive=False), wanted)
        except ProblemError as problem:
            detail["code"] = problem.code
        record(session, None, f"command line: {getpass.getuser()}", "report.render", "case", case_id, detail)
    return "code" not in detail
