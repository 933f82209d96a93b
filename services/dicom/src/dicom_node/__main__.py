"""`python -m dicom_node`: the DICOM node, until it is told to end."""

import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence

import structlog
from prometheus_client import REGISTRY

from dicom_node.commands import run
from dicom_node.node import Node
from dicom_node.privacy import silence_libraries
from dicom_node.settings import NodeSettings
from lobule.health import serve_health
from lobule.settings import EX_CONFIG, read_settings
from lobule.telemetry import configure_logging
from lobule.terminal import said_of


def main() -> None:
    """Run the node until SIGTERM or SIGINT; with arguments, `dicom_node.commands`."""
    if sys.argv[1:]:
        sys.exit(_run(sys.argv[1:]))
    settings = read_settings(NodeSettings)
    configure_logging("dicom", settings.log_format, settings.log_level)
    silence_libraries()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    node = _started(settings)
    REGISTRY.register(node.collector)
    structlog.get_logger().info("listening", ae_title=settings.dicom_ae_title, port=node.port)
    ended.wait()
    node.close()


def _run(arguments: Sequence[str]) -> int | str:
    """Run a command; gives the exit status, or a line that says why it failed."""
    try:
        return run(arguments)
    except BrokenPipeError:
        raise
    except (OSError, sqlite3.Error) as error:
        return said_of(error)


def _started(settings: NodeSettings) -> Node:
    """Start the node, or end the process with a line that says why it cannot."""
    try:
        node = Node(settings)
        if settings.worker_port is not None:
            serve_health(settings.worker_host, settings.worker_port, live=node.live, ready=node.ready)
    except sqlite3.OperationalError as error:
        sys.exit(_unusable(settings, error))
    except OSError as error:
        if error.filename is not None:
            sys.exit(_unusable(settings, error))
        names = ("dicom_host", "dicom_port", "dicom_hl7_port", "worker_host", "worker_port")
        given = ", ".join(f"LOBULE_{name.upper()}={getattr(settings, name)}" for name in names)
        sys.exit(f"The node cannot listen: {error.strerror} ({given})")  # a port may become free: status 1
    return node


def _unusable(settings: NodeSettings, error: Exception) -> int:
    print(f"LOBULE_DICOM_FOLDER={settings.dicom_folder} cannot be used: {error}", file=sys.stderr)
    return EX_CONFIG


if __name__ == "__main__":
    main()
