"""`lobule diagnose FILE…`: has images diagnosed by a server and prints the conclusions."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from lobule.cli.common import DEFAULT_SERVER, Password, Server, Username, console, plain_errors, words
from lobule.client import ApiError, Client
from lobule.command_line import no_nan
from lobule.contracts.case import FORMS_OF_ANALYSIS, REPORT_FILES
from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.modality import COARSEST_UM, FINEST_UM, Magnification, Modality
from lobule.contracts.progress import Progress as JobProgress
from lobule.contracts.result import Result


@dataclass(frozen=True)
class Outcome:
    """The outcome of one file: a result, or an error's code and message."""

    file: Path
    job_id: str | None = None
    result: Result | None = None
    code: str | None = None
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON object."""
        error = {"code": self.code, "detail": self.detail} if self.code else None
        result = self.result.model_dump(mode="json") if self.result else None
        return {"file": str(self.file), "job_id": self.job_id, "result": result, "error": error}


def diagnose(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="images to diagnose")],
    modality: Annotated[Modality, typer.Option(help="modality of the images: histopathology, mammography, …")],
    username: Username,
    password: Password,
    server: Server = DEFAULT_SERVER,
    um_per_pixel: Annotated[
        float | None,
        typer.Option(min=FINEST_UM, max=COARSEST_UM, callback=no_nan, help="micrometres per pixel of histology fields"),
    ] = None,
    magnification: Annotated[Magnification | None, typer.Option(help="magnification of histology fields")] = None,
    reports: Annotated[Path | None, typer.Option(help="folder for the reports in HTML, PNG and JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON")] = False,
) -> None:
    """Send images to a server and print its conclusions."""
    with plain_errors(), Client(server, username, password, language=words().language) as client:
        outcomes = [diagnose_file(client, file, modality, um_per_pixel, magnification, quiet=as_json) for file in files]
        if reports is not None:
            save_reports(client, outcomes, reports)
    if as_json:
        typer.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=2))
    else:
        print_outcomes(outcomes)
    if any(outcome.code for outcome in outcomes):
        raise typer.Exit(1)


def diagnose_file(
    client: Client,
    file: Path,
    modality: Modality,
    um_per_pixel: float | None = None,
    magnification: Magnification | None = None,
    *,
    quiet: bool = False,
) -> Outcome:
    """Upload one file, show its progress, and wait for the end.

    A server that cannot be reached or refuses the login raises; an error that concerns only this file is in the
    outcome.
    """
    with _bars(quiet) as bars:
        upload = bars.add_task(f"{escape(file.name)}: upload", total=file.stat().st_size or None, what="")
        try:
            job_id = client.upload(
                file,
                modality,
                um_per_pixel=um_per_pixel,
                magnification=magnification,
                sent=lambda count: bars.advance(upload, count),
            )
        except ApiError as error:
            if error.status in (0, 401, 403, 429):
                raise
            return Outcome(file, code=error.code, detail=error.detail)
        bars.update(upload, completed=file.stat().st_size)
        last = _follow(client, job_id, bars)
    if last.state != "done":
        failed = next((step.error for step in last.steps if step.error), None)
        code, detail = (failed.code, failed.detail) if failed else (last.state, f"The job is {last.state}.")
        return Outcome(file, job_id, code=code, detail=detail)
    return Outcome(file, job_id, client.result(job_id))


def _bars(quiet: bool) -> Progress:
    columns = (
        TextColumn("{task.description:<45}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=quiet)


def _follow(client: Client, job_id: str, bars: Progress) -> JobProgress:
    tasks: dict[str, TaskID] = {}
    for progress in client.follow(job_id, time.sleep):
        for step in progress.steps[1:]:
            if step.state == "waiting":
                continue
            if step.name not in tasks:
                tasks[step.name] = bars.add_task(f"  {step.name}", total=1.0, what="")
            what = step.state if step.activity is None else step.activity
            bars.update(tasks[step.name], completed=step.fraction, what=what)
    return progress  # pyright: ignore[reportPossiblyUnboundVariable] - follow yields at least once


def save_reports(client: Client, outcomes: Iterable[Outcome], folder: Path) -> list[Path]:
    """Save the reports that the analyses render, where an outcome has one; returns where.

    Those of a second file of the same name have a number.
    """
    saved: list[Path] = []
    names = set[str]()
    for outcome in outcomes:
        if outcome.job_id is None or outcome.result is None:
            continue
        stem = outcome.file.stem
        name = next(each for each in (stem, *(f"{stem}-{at}" for at in range(2, len(names) + 3))) if each not in names)
        names.add(name)
        folder.mkdir(parents=True, exist_ok=True)
        for form in FORMS_OF_ANALYSIS:
            path = folder / f"{name}.report.{REPORT_FILES[form][0]}"
            path.write_bytes(client.report(outcome.job_id, form))
            saved.append(path)
    return saved


def print_outcomes(outcomes: list[Outcome]) -> None:
    """Print a line for each file."""
    out, t = Console(), words()
    for outcome in outcomes:
        if outcome.result is None:
            detail = escape(outcome.detail or "")
            problem = t("cli.problem", file=escape(str(outcome.file)), code=outcome.code, detail=detail)
            out.print(problem, highlight=False, soft_wrap=True)
        else:
            for line in _in_words(outcome.file, outcome.result):
                out.print(line, highlight=False, soft_wrap=True)


def _in_words(file: Path, result: Result) -> Iterator[str]:
    """An image's conclusion, and the suspicion of each marked finding on the same scale."""
    t, thresholds = words(), result.thresholds
    assessment = t(f"common.assessment.{result.assessment}")
    bold = f"[bold]{assessment}[/]" if result.assessment == "malignancy_suspected" else assessment
    number = result.shown_probability
    suspicion = t("common.no_number") if number is None else t.percent(number, thresholds)
    yield t("cli.conclusion", file=escape(str(file)), assessment=bold, suspicion=suspicion)
    for number, finding in enumerate(result.marked_findings(), start=1):
        own = finding.probability_malignant
        if finding.label == CALCIFICATION:
            key = "cli.finding.calcification.unknown" if own is None else "cli.finding.calcification"
        else:
            key = "cli.finding.unknown" if own is None else "cli.finding"
        own_words = "" if own is None else t.percent(own, thresholds)
        yield "  " + t(key, number=number, suspicion=own_words, presence=t.percent(finding.probability))
