"""Makes a model package from custom fields with the commands of docs/research.md, at toy size."""

import shlex
import shutil
from pathlib import Path

import research_page
import toy_fields
from typer.testing import CliRunner

_SECTION = research_page.section("Use your own data in the service")
_TOY = ("size=64", "variant=two_pools", "folds=2", "recipe.steps=1", "recipe.batch=2", "final=ensemble")


def make_package(breakhis: Path) -> None:
    """Run the commands of the section in the working directory, on four fields of four patients."""
    import tensorflow as tf

    from histo_worker.cli import app
    from histo_worker.data.breakhis import find_fields

    fields = toy_fields.of_both_classes(find_fields(breakhis), 2, 1)
    toy_fields.write_small(fields, Path("own"), Path("labels.csv"))
    Path("mine.py").write_text(research_page.code(_SECTION, "python"))
    Path("fields").mkdir()
    shutil.copy(min(Path("own").iterdir()), Path("fields/a.png"))
    tf.config.run_functions_eagerly(True)  # tracing graphs takes longer than the few steps
    try:
        for line in research_page.commands(_SECTION, "histo-worker"):
            words = shlex.split(line)[1:]
            if words[0] == "train":
                words += [word for change in _TOY for word in ("--set", change)]
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, f"{line}\n{done.output}"
    finally:
        tf.config.run_functions_eagerly(False)


def served_by() -> dict[str, str]:
    """The environment in which the section starts `lobule up`."""
    (line,) = research_page.commands(_SECTION, "lobule")[-1:]
    assert line.endswith(" lobule up"), line
    return dict(word.split("=") for word in shlex.split(line)[:-2])
