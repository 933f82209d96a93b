# The images of Lobule, a target each. Build from the repository's root:
#   docker build --target gateway -t lobule/gateway:0.1.0 .
# Targets: gateway, report, dicom, cli (from nothing but Python), proxy, histo-worker, mammo-worker. docker-compose.yml builds
# all of them but `cli`. A target NAME takes its packages from the stage NAME-packages, which changes with the lock alone,
# and our own code from NAME-code, so that a new version is a small layer over one that is there already. The records of an
# installation, which hold its time, are left out: the same sources give the same files (make compare-builds).
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim
ARG VERSION=0.1.0
ARG REVISION=unknown

FROM ${PYTHON_IMAGE} AS builder
ARG UV_VERSION=0.13.9
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir --disable-pip-version-check uv==${UV_VERSION}
# Compiled modules name their source's hash, not its time, so that the same sources give the same image.
ENV UV_PROJECT_ENVIRONMENT=/opt/lobule UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1 \
    PYC_INVALIDATION_MODE=UNCHECKED_HASH
WORKDIR /src
COPY shared/image shared/image
COPY pyproject.toml uv.lock ./
COPY shared/pyproject.toml shared/

# What the images without a shell and a package manager have in common.
FROM scratch AS slim
ENV PATH=/opt/code/bin:/opt/lobule/bin PYTHONPATH=/opt/code PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt HOME=/tmp
USER 10001:10001
STOPSIGNAL SIGTERM

# What the images of the inference workers have in common.
FROM ${PYTHON_IMAGE} AS worker
RUN groupadd --gid 10001 lobule && useradd --uid 10001 --gid lobule --no-create-home --home-dir /tmp lobule \
    && install -d -o lobule -g lobule -m 750 /var/lib/lobule/objects
ENV PATH=/opt/code/bin:/opt/lobule/bin:$PATH PYTHONPATH=/opt/code PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp TF_CPP_MIN_LOG_LEVEL=2 MPLCONFIGDIR=/tmp
USER 10001:10001
EXPOSE 9100
# Celery ends the step at hand and takes no other; give it the step's time limit (330 s) before it is killed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 \
    CMD ["python", "-m", "lobule.probe", "http://127.0.0.1:9100/readyz"]

# ---------------------------------------------------------------------------------------------------------- cli
# The command line `lobule`, for a machine that only calls a server:
#   docker run --rm -v "$PWD:/data:ro" lobule/cli:0.1.0 diagnose /data/field.png --server https://lobule.example
FROM builder AS cli-packages
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule --extra cli \
    && python shared/image/trim.py /opt/lobule && python shared/image/runtime.py /opt/lobule /runtime

FROM cli-packages AS cli-code
COPY shared/src shared/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM slim AS cli
COPY --from=cli-packages /runtime /
COPY --from=cli-packages /opt/lobule /opt/lobule
COPY --from=cli-code /opt/code /opt/code
WORKDIR /data
ENTRYPOINT ["lobule"]
CMD ["--help"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule command line" \
      org.opencontainers.image.description="Client of Lobule's REST API; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- proxy
# Debian's nginx: ends TLS, spreads requests over gateways, and answers 503 with Retry-After while there is none.
FROM ${PYTHON_IMAGE} AS proxy
RUN groupadd --gid 10001 lobule && useradd --uid 10001 --gid lobule --no-create-home --home-dir /tmp lobule \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/* /var/log/nginx /etc/nginx/sites-enabled
COPY services/gateway/proxy/nginx.conf /etc/nginx/nginx.conf
COPY --chmod=755 services/gateway/proxy/start /usr/local/bin/start-proxy
COPY services/gateway/proxy/probe.py /usr/local/lib/probe.py
USER 10001:10001
EXPOSE 8080 8443
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["python", "/usr/local/lib/probe.py"]
CMD ["start-proxy"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule proxy" \
      org.opencontainers.image.description="TLS and waiting room before Lobule's gateways" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- report
FROM builder AS report-packages
COPY services/report/pyproject.toml services/report/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule-report --extra s3 --extra tracing \
    && python shared/image/trim.py /opt/lobule && python shared/image/runtime.py /opt/lobule /runtime \
    && install -d -m 750 /folders/objects

FROM report-packages AS report-code
COPY shared/src shared/src
COPY services/report/src services/report/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared ./services/report \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM slim AS report
COPY --from=report-packages /runtime /
COPY --from=report-packages --chown=10001:10001 /folders /var/lib/lobule
COPY --from=report-packages /opt/lobule /opt/lobule
COPY --from=report-code /opt/code /opt/code
EXPOSE 9100
# Celery ends the step at hand and takes no other; give it the step's time limit (330 s) before it is killed.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
    CMD ["python", "-m", "lobule.probe", "http://127.0.0.1:9100/readyz"]
CMD ["python", "-m", "report.worker"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule report" \
      org.opencontainers.image.description="Annotated images and reports of Lobule; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- dicom
FROM builder AS dicom-packages
COPY services/dicom/pyproject.toml services/dicom/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule-dicom \
    && python shared/image/trim.py /opt/lobule pydicom/sr && python shared/image/runtime.py /opt/lobule /runtime \
    && install -d -m 750 /folders/dicom

FROM dicom-packages AS dicom-code
COPY shared/src shared/src
COPY services/dicom/src services/dicom/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared ./services/dicom \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM slim AS dicom
COPY --from=dicom-packages /runtime /
COPY --from=dicom-packages --chown=10001:10001 /folders /var/lib/lobule
COPY --from=dicom-packages /opt/lobule /opt/lobule
COPY --from=dicom-code /opt/code /opt/code
EXPOSE 11112 9100
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
    CMD ["python", "-m", "lobule.probe", "http://127.0.0.1:9100/readyz"]
CMD ["python", "-m", "dicom_node"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule DICOM node" \
      org.opencontainers.image.description="Receives films from a PACS and sends results back; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- histo-worker
FROM builder AS histo-worker-packages
# cpu, or gpu for TensorFlow with CUDA (and a tag of its own, such as 0.1.0-gpu).
ARG ACCELERATOR=cpu
COPY shared/ml/pyproject.toml shared/ml/
COPY services/histo-worker/pyproject.toml services/histo-worker/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule-histo-worker --extra s3 --extra tracing $([ "${ACCELERATOR}" = gpu ] && echo --extra gpu) \
    && python shared/image/trim.py /opt/lobule

FROM histo-worker-packages AS histo-worker-code
COPY shared/src shared/src
COPY shared/ml/src shared/ml/src
COPY services/histo-worker/src services/histo-worker/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared ./shared/ml ./services/histo-worker \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM worker AS histo-worker
COPY --from=histo-worker-packages /opt/lobule /opt/lobule
COPY --from=histo-worker-code /opt/code /opt/code
CMD ["python", "-m", "histo_worker.worker"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule histo-worker" \
      org.opencontainers.image.description="Histopathology inference of Lobule; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- mammo-worker
FROM builder AS mammo-worker-packages
ARG ACCELERATOR=cpu
COPY shared/ml/pyproject.toml shared/ml/
COPY services/mammo-worker/pyproject.toml services/mammo-worker/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule-mammo-worker --extra s3 --extra tracing $([ "${ACCELERATOR}" = gpu ] && echo --extra gpu) \
    && python shared/image/trim.py /opt/lobule

FROM mammo-worker-packages AS mammo-worker-code
COPY shared/src shared/src
COPY shared/ml/src shared/ml/src
COPY services/mammo-worker/src services/mammo-worker/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared ./shared/ml ./services/mammo-worker \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM worker AS mammo-worker
COPY --from=mammo-worker-packages /opt/lobule /opt/lobule
COPY --from=mammo-worker-code /opt/code /opt/code
CMD ["python", "-m", "mammo_worker.worker"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule mammo-worker" \
      org.opencontainers.image.description="Mammography inference of Lobule; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---------------------------------------------------------------------------------------------------------- gateway
FROM builder AS gateway-packages
COPY services/gateway/pyproject.toml services/gateway/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-dev --no-install-workspace --package lobule-gateway --extra s3 --extra tracing --extra pkcs11 \
    && python shared/image/trim.py /opt/lobule && python shared/image/runtime.py /opt/lobule /runtime \
    && install -d -m 750 /folders/objects /folders/backup

FROM gateway-packages AS gateway-code
COPY shared/src shared/src
COPY services/gateway/src services/gateway/src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/lobule/bin/python --no-deps --target /opt/code ./shared ./services/gateway \
    && rm /opt/code/*.dist-info/uv_cache.json /opt/code/*.dist-info/RECORD

FROM slim AS gateway
COPY --from=gateway-packages /runtime /
COPY --from=gateway-packages --chown=10001:10001 /folders /var/lib/lobule
COPY --from=gateway-packages /opt/lobule /opt/lobule
COPY --from=gateway-code /opt/code /opt/code
EXPOSE 8000 8001 8002
# uvicorn lets running requests end, for 15 s; give it 30 s before it is killed.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-m", "lobule.probe", "http://127.0.0.1:8002/readyz"]
CMD ["python", "-m", "gateway", "--host", "0.0.0.0", "--port", "8000", "--internal-port", "8001", "--health-port", "8002", \
     "--no-migrations"]
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Lobule gateway" \
      org.opencontainers.image.description="REST API and portal of Lobule; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
