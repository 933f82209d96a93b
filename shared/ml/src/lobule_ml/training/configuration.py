"""Training configurations: Python files with a function `plan`, chosen by name or path, with overridable values."""

import ast
import importlib.util
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

T = TypeVar("T")


def load_plan(config: str, kind: type[T] | tuple[type[T], ...], folder: Path, changes: Sequence[str] = ()) -> T:
    """Read a configuration.

    Args:
        config: Path of a Python file, or the name of one in `folder`.
        kind: The dataclass, or dataclasses, that its function `plan` may return.
        folder: Folder of the shipped configurations.
        changes: Overrides as `name=value`, where the name can address nested records (`network.side=64`) and the value
            is a Python literal.

    Raises:
        ValueError: There is no such configuration, it is of another kind, or a change does not fit it.
    """
    path = Path(config) if config.endswith(".py") else folder / f"{config}.py"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in folder.glob("*.py") if "def plan(" in p.read_text("utf-8")))
        raise ValueError(f"there is no configuration {config!r}; give a Python file, or one of {shipped or 'none'}")
    spec = importlib.util.spec_from_file_location(f"lobule_config_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        plan = module.plan() if hasattr(module, "plan") else None
    except Exception as error:  # a configuration is the user's own code
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    if not isinstance(plan, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or a ".join(k.__name__ for k in kinds)
        raise ValueError(f"{config!r} has no function `plan` that returns a {names}")
    return with_changes(plan, changes)


def with_changes(plan: T, changes: Sequence[str]) -> T:
    """Return the configuration with single values replaced.

    Args:
        plan: A dataclass.
        changes: As for `load_plan`.

    Raises:
        ValueError: A change does not fit the configuration.
    """
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"{change!r} is not name=value")
        plan = _changed(plan, name.split("."), _value(text), change)
    return plan


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _changed(record: Any, names: list[str], value: Any, change: str) -> Any:
    if not is_dataclass(record) or names[0] not in {f.name for f in fields(record)}:
        raise ValueError(f"{change!r}: there is no {names[0]!r} in {type(record).__name__}")
    before = getattr(record, names[0])
    if len(names) > 1:
        value = _changed(before, names[1:], value, change)
    elif isinstance(before, float) and isinstance(value, int):
        value = float(value)
    elif type(value) is not type(before) and not _fits(record, names[0], value):
        raise ValueError(f"{change!r}: {names[0]!r} is a {type(before).__name__}")
    return replace(record, **{names[0]: value})  # pyright: ignore[reportArgumentType]


def _fits(record: Any, name: str, value: Any) -> bool:
    """Whether a value has one of the declared types, such as None if that is allowed."""
    return type(value) in get_args(get_type_hints(type(record))[name])
