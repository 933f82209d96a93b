"""A plugin of pytest that prints which files and tests take most CPU time: `PYTEST_ADDOPTS="-p cpu_times" make test`.

Wall time says little where several processes share two cores. The time of servers that a test starts, or asks, counts
for it while they are children of its process.
"""

import resource
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

_SHOWN = 40
_PROPERTY = "cpu_s"

_started: dict[str, float] = {}
_seconds: Counter[str] = Counter()


def _cpu_s() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):  # children that have ended
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.Error:  # it ended meanwhile
            continue
        total += used.user + used.system
    return total


def pytest_runtest_logstart(nodeid: str) -> None:
    """A test begins, before its fixtures."""
    _started[nodeid] = _cpu_s()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Attach the time to the report on the end of the test, which pytest-xdist sends to the process that prints."""
    if call.when == "teardown" and item.nodeid in _started:
        item.user_properties.append((_PROPERTY, _cpu_s() - _started.pop(item.nodeid)))
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the time."""
    if report.when == "teardown":
        _seconds[report.nodeid] = dict(report.user_properties).get(_PROPERTY, 0.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the dearest files and tests."""
    files = Counter[str]()
    for nodeid, seconds in _seconds.items():
        files[nodeid.partition("::")[0]] += seconds
    terminalreporter.section(f"CPU time: {files.total():.0f} s")
    for each in (files, _seconds):
        for name, seconds in each.most_common(_SHOWN):
            terminalreporter.line(f"{seconds:7.1f} s  {name}")
        terminalreporter.line("")
