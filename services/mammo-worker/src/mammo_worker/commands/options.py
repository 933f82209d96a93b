"""Options that several commands share, and the configurations that they name."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the data sets.")]
WeightsOption = Annotated[Path, typer.Option("--weights", help="Folder of the pretrained backbones.")]
RunOption = Annotated[Path, typer.Option("--out", help="Folder of the run; one that holds a state is gone on with.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder with the runs of the folds: fold0 to fold4.")]
FoldOption = Annotated[
    int | None, typer.Option("--fold", help="Hold out the patients of this fold, 0 to 4.", min=0, max=4)
]
UntilOption = Annotated[int | None, typer.Option("--until", help="Stop at this step, to go on later.")]
ChangeOption = Annotated[list[str] | None, typer.Option("--set", help="name=value in the configuration.")]


def read_plan(config: str, kind: type[T], changes: list[str] | None) -> T:
    """A configuration that ships with this worker, or a Python file.

    Args:
        config: Its name or path.
        kind: The dataclass that it must give.
        changes: `name=value` each.

    Raises:
        typer.BadParameter: There is none, or it has no such value to change.
    """
    from lobule_ml.training.configuration import load_plan
    from mammo_worker import configs

    try:
        return load_plan(config, kind, Path(configs.__path__[0]), changes or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
