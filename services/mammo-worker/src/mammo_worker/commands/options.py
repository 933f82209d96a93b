"""Options that several commands share, and functions that read their configurations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from lobule.errors import AnalysisError
from lobule.starting import without_collection
from lobule_ml.batch import reason
from lobule_ml.quiet import held_standard_error, import_keras

if TYPE_CHECKING:
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.training.plan import TrainingPlan

T = TypeVar("T")

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the data sets.")]
WeightsOption = Annotated[Path, typer.Option("--weights", help="Folder of the pretrained backbones.")]
RunOption = Annotated[Path, typer.Option("--out", help="Folder of the run. A stopped run is resumed.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder with the runs of the folds: fold0 to fold4.")]
FoldOption = Annotated[
    int | None, typer.Option("--fold", help="Hold out the patients of this fold, 0 to 4.", min=0, max=4)
]
UntilOption = Annotated[int | None, typer.Option("--until", help="Stop at this step; run the command again to resume.")]
AheadOption = Annotated[
    int,
    typer.Option("--ahead", help="Number of batches that threads prepare in advance: 1 for a CPU, 4 for a GPU.", min=1),
]
ChangeOption = Annotated[
    list[str] | None, typer.Option("--set", help="Change a value of the configuration: name=value.")
]


def read_film_plan(config: str, changes: list[str] | None) -> "TrainingPlan | DetectorPlan":
    """Read a detector's configuration: the name of a plan, the name of a shipped one, or a Python file.

    Raises:
        typer.BadParameter: The configuration does not exist, or does not have a value to change.
    """
    from mammo_worker.configs.names import PLANS
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.training.plan import TrainingPlan

    if config not in PLANS:
        return read_plan(config, (TrainingPlan, DetectorPlan), changes)
    from lobule_ml.training.configuration import with_changes

    try:
        return with_changes(PLANS[config](), changes or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_plan(config: str, kind: type[T] | tuple[type[T], ...], changes: list[str] | None) -> T:
    """Read a shipped configuration, or a Python file.

    Args:
        config: Name or path of the configuration.
        kind: The dataclass, or dataclasses, that it may return.
        changes: Overrides, each `name=value`.

    Raises:
        typer.BadParameter: The configuration does not exist, or does not have a value to change.
    """
    from lobule_ml.training.configuration import load_plan
    from mammo_worker import configs

    try:
        return load_plan(config, kind, Path(configs.__path__[0]), changes or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def started_or_exit(code: int) -> Iterator[None]:
    """Import TensorFlow and load models inside, without start-up lines, and exit with a reason if that fails.

    Args:
        code: Exit status if an `AnalysisError` or a `ValueError` is raised.
    """
    try:
        with held_standard_error(AnalysisError, ValueError), without_collection():
            import_keras()
            yield
    except AnalysisError as error:
        typer.echo(": ".join(reason(error)), err=True)
        raise typer.Exit(code) from None
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code) from None


@contextmanager
def refused_or_exit() -> Iterator[None]:
    """Exit with status 1 and the message of a `ValueError`, or of an existing file; `Commands` names missing ones."""
    try:
        yield
    except (FileExistsError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
