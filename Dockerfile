# The map page is bundled with Node, which the running image does not need.
FROM node:20-bookworm-slim AS bundle
WORKDIR /build
COPY gisland/web/package.json gisland/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY gisland/web/src ./src
RUN npm run build

# The Python that the tests run with, and so the very packages.
FROM python:3.11-slim-bookworm
# pg_dump, pg_restore and psql for `gisland db`.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --uid 10001 --home-dir /var/lib/gisland --create-home gisland
WORKDIR /opt/gisland

# Dependencies first: they change less often than the program. The package is editable, because gisland finds config/,
# data/ and migrations/ beside it.
COPY pyproject.toml constraints.txt ./
COPY gisland/__init__.py gisland/__init__.py
RUN pip install --no-cache-dir --constraint constraints.txt --editable .

COPY migrations migrations
COPY data data
COPY config config
COPY gisland gisland
# Machine code for parcel codes, made here so that no request waits for it, and anew where the processor is another one.
RUN python -c "import gisland.registry.pole.search" && chown --recursive gisland: gisland/registry/pole/__pycache__
COPY --from=bundle /build/static/dist gisland/web/static/dist

ENV GISLAND_HOST=0.0.0.0 \
    GISLAND_STATE_DIR=/var/lib/gisland
USER gisland
VOLUME /var/lib/gisland
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["gisland", "serve"]
