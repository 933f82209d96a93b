"""The command of the search for calcifications."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_worker.commands.options import DataOption

app = typer.Typer()


@app.command()
def measure_calcifications(
    data: DataOption,
    docs: Annotated[Path | None, typer.Option(help="Folder for calcifications.md.")] = None,
) -> None:
    """Measure a search for clusters of calcifications on crops at native resolution, in five folds by patient."""
    import cv2

    from mammo_worker.calcifications import document, evaluate
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.lesions import lengths
    from mammo_worker.regions.crops import cbis_crops

    cv2.setNumThreads(1)
    folder = data / "cbis_ddsm_mass"
    film = evaluate.breast_area(cbis_ddsm(folder)[:: evaluate.EVERY], lengths(folder))
    typer.echo(f"mean area of a breast on a film: {film:.1f} cm2")
    measured = evaluate.search_folds(cbis_crops(data), typer.echo)
    seen = evaluate.calcified_tissue()
    rows, cleanly = (evaluate.measure(m, film) for m in (measured, evaluate.without(measured, seen)))
    typer.echo(f"{markdown_table(rows)}\n{markdown_table(cleanly)}")
    if docs is not None:
        (docs / "calcifications.md").write_text(document.results_document(measured, rows, seen, cleanly, film), "utf-8")
