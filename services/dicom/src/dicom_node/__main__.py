"""`python -m dicom_node`: the DICOM node, until it is told to end."""

import signal
import sys
import threading

import structlog
from prometheus_client import REGISTRY

from dicom_node.commands import run
from dicom_node.node import Node
from dicom_node.privacy import silence_libraries
from dicom_node.settings import NodeSettings
from lobule.health import serve_health
from lobule.settings import read_settings
from lobule.telemetry import configure_logging


def main() -> None:
    """Run the node until SIGTERM or SIGINT; with arguments, `dicom_node.commands`."""
    if sys.argv[1:]:
        sys.exit(run(sys.argv[1:]))
    settings = read_settings(NodeSettings)
    configure_logging("dicom", settings.log_format, settings.log_level)
    silence_libraries()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    node = Node(settings)
    REGISTRY.register(node.collector)
    if settings.worker_port is not None:
        serve_health(settings.worker_host, settings.worker_port, live=node.live, ready=node.ready)
    structlog.get_logger().info("listening", ae_title=settings.dicom_ae_title, port=node.port)
    ended.wait()
    node.close()


if __name__ == "__main__":
    main()
