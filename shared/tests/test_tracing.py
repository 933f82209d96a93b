"""Traces reach a collector, across processes, and cost nothing where there is none."""

import http.server
import os
import subprocess
import sys
import threading

import pytest

from lobule import tracing

PROGRAM = """
from opentelemetry import trace
from lobule.tracing import configure_tracing, current_traceparent, span
configure_tracing("test", "{endpoint}")
with span("request"):
    parent = current_traceparent()
assert current_traceparent() is None
with span("inference", parent, job_id="j1", attempt=2):
    print(parent, current_traceparent())
trace.get_tracer_provider().shutdown()
"""


@pytest.fixture
def collector():
    bodies: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


def test_one_trace_across_processes(collector):
    pytest.importorskip("opentelemetry.sdk", reason="the extra 'tracing' is not installed")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    endpoint, bodies = collector
    environment = os.environ | {"no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(endpoint=endpoint)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    parent, child = done.stdout.split()
    assert parent.split("-")[1] == child.split("-")[1], "the same trace"
    spans = {}
    for path, body in bodies:
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                spans |= {span.name: span for span in scope.spans}
    assert set(spans) == {"request", "inference"}
    assert spans["inference"].parent_span_id == spans["request"].span_id
    assert {attribute.key for attribute in spans["inference"].attributes} == {"job_id", "attempt"}


def test_without_a_collector():
    with tracing.span("request"):
        assert tracing.current_traceparent() is None
