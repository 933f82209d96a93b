"""OpenTelemetry traces, if a collector is configured: a request and its steps form one trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()

_configured = False


def configure_tracing(service: str, endpoint: str | None) -> None:
    """Start sending this process's spans to a collector; does nothing without one.

    Args:
        service: Name of the service in the traces.
        endpoint: Address of an OTLP collector over HTTP, such as `http://collector:4318`.
    """
    global _configured
    if endpoint is None:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no_tracing", reason="the extra 'tracing' is not installed")
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    _configured = True


@contextmanager
def span(name: str, parent: str | None = None, **attributes: str | int) -> Iterator[None]:
    """A span around the block.

    Args:
        name: Name of the operation, with few distinct values.
        parent: W3C `traceparent` of the parent span; by default the current span.
        **attributes: Ids; never image content or patient data.
    """
    if not _configured:
        yield
        return
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with trace.get_tracer("lobule").start_as_current_span(name, context, attributes=attributes):
        yield


def current_traceparent() -> str | None:
    """W3C `traceparent` of the current span; None without tracing."""
    if not _configured:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")
