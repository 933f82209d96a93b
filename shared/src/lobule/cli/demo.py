"""`lobule demo`: starts the whole system and has images diagnosed, as a first look for newcomers."""

import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from lobule.cli.common import DEFAULT_HOME, HomeFolder, console, plain_errors, print_sentence, words
from lobule.cli.diagnose import Outcome, diagnose_file, print_outcomes, save_reports
from lobule.cli.up import print_address, until_interrupted
from lobule.client import Client
from lobule.contracts.result import Modality
from lobule.imaging.header import is_grey
from lobule.launcher.system import DEMO, running_system
from lobule.modalities import of_colours


def demo(
    images: Annotated[list[Path] | None, typer.Argument(help="images to diagnose; default: synthetic images")] = None,
    home: HomeFolder = DEFAULT_HOME,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port to listen on; 0 for any free port")] = 8000,
    exit_after: Annotated[bool, typer.Option("--exit", help="stop after the reports are written")] = False,
) -> None:
    """Start Lobule, diagnose images over the REST API, and print where the reports are."""
    missing = [str(image) for image in images or [] if not image.is_file()]
    if missing:
        console.print(words()("cli.no_file", files=missing), style="red", markup=False)
        raise typer.Exit(1)
    has_failed = False
    with (
        plain_errors(),
        until_interrupted(),
        running_system(home, "127.0.0.1", port, show_logs=False, log_format="console", echo=print_sentence) as system,
    ):
        print_address(system)
        with Client(system.url, DEMO, system.home.secrets["demo_password"]) as client:
            outcomes, saved = _diagnose_all(client, images, system.home.folder / "reports")
            has_failed = not saved or any(each.code not in (None, "model_unavailable") for each in outcomes)
            if not images and not exit_after:
                client.open_sample_case()
        print_outcomes(outcomes)
        for path in saved:
            console.print(words()("cli.report", path=path), highlight=False, markup=False, soft_wrap=True)
        if not exit_after:
            console.print(words()("cli.portal", url=system.url), highlight=False)
            if not images:
                console.print(words()("cli.sample", user=DEMO), highlight=False)
            threading.Event().wait()
    if has_failed:
        raise typer.Exit(1)


def _diagnose_all(client: Client, images: list[Path] | None, reports: Path) -> tuple[list[Outcome], list[Path]]:
    with tempfile.TemporaryDirectory() as folder:
        if not images:
            from lobule.phantoms import write_phantoms  # OpenCV is slow to import, and not needed for real images

            console.print(words()("cli.phantoms"))
            images = write_phantoms(Path(folder))
        outcomes = [diagnose_file(client, image, _modality_of(image)) for image in images]
        return outcomes, save_reports(client, outcomes, reports)


def _modality_of(image: Path) -> Modality:
    """The modality of an image by its content: a film is DICOM or grey; a stained field is in colour."""
    return of_colours("grey" if is_grey(image) else "colour").name
