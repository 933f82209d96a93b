"""Runs every check that is installed."""

import importlib.util
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from lobule.diagnosis import machine, server
from lobule.diagnosis.check import Check, Checker, Installation
from lobule.launcher.system import WORKER_MODULES

CHECK_GROUP = "lobule.checks"


def check_installation(installation: Installation) -> list[Check]:
    """Run all checks: of this machine, of each installed service, and of the given server."""
    installed = sorted(entry_points(group=CHECK_GROUP), key=lambda entry: entry.name)
    checkers = [("services", _services), *_of(machine.CHECKERS)]
    checkers += [(entry.name, partial(_load_and_run, entry)) for entry in installed]
    checkers += _of(server.CHECKERS)
    return [check for part, checker in checkers for check in _guarded(part, checker, installation)]


def _of(checkers: Iterable[Checker]) -> list[tuple[str, Checker]]:
    return [(checker.__name__, checker) for checker in checkers]


def _load_and_run(entry: EntryPoint, installation: Installation) -> Iterable[Check]:
    return entry.load()(installation)


def _guarded(part: str, checker: Checker, installation: Installation) -> Iterator[Check]:
    """Run a check; an exception becomes a problem of its part, so that the other checks still run."""
    try:
        yield from checker(installation)
    except ValidationError as error:  # without its inputs, which may be secrets
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        yield Check(part, "problem", "failed", {"reason": wrong})
    except Exception as error:  # noqa: BLE001 - any error means that this part does not work
        yield Check(part, "problem", "failed", {"reason": f"{type(error).__name__}: {error}"})


def _services(installation: Installation) -> Iterator[Check]:
    modules = ["gateway", *(name.split(".")[0] for name in WORKER_MODULES.values())]
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if installation.embedded and missing:
        yield Check("services", "problem", "services_missing", {"services": ", ".join(missing)})
    else:
        there = [name for name in modules if name not in missing]
        yield Check("services", "ok", "services", {"services": ", ".join(there)})
