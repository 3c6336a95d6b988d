# The whole service in one image: nginx, supervisord, the pool and the metrics program.
#
#   make image
#   docker run -p 8000:8000 appcore
#
# It runs as any user, on a read-only root and without capabilities. What it writes is below /tmp (a
# tmpfs will do) and, if a volume is mounted there and named in the environment, /var/lib/appcore.
#
# Debian 13 by default; BASE=debian:bookworm-slim makes the same of Debian 12. Packages have the versions of that
# release's lock file where the package sources still have them; PACKAGES=exact stops a build that would get others.
#
# CROSS=aarch64-linux-gnu, which `make image` hands on, makes an image for arm64 on an x86-64. The stages before the last
# run on the x86-64 itself, only the last one's commands in an emulator. BUILD_BASE is the name of BASE for the x86-64, for
# an engine in which the two have different names.
ARG BASE=debian:trixie-slim
ARG BUILD_BASE=${BASE}
# The processor that builds; "linux" means that to each engine, also to those that do not set this by themselves.
ARG BUILDPLATFORM=linux
ARG PACKAGES=locked

# --- docs: Swagger UI and ReDoc -----------------------------------------------------------------------
# `make image` has fetched them already. Whoever builds without make has them fetched here, and where that
# is not possible the pages say so. (VERSION: COPY wants one file that is always there.)
FROM --platform=${BUILDPLATFORM} ${BUILD_BASE} AS docs
WORKDIR /build
COPY deploy/install-packages deploy/npm-ci deploy/fetch-docs-ui deploy/
COPY deploy/packages/npm.txt deploy/packages/
COPY deploy/npm deploy/npm
COPY VERSION build* build/
RUN deploy/fetch-docs-ui --if-possible && mkdir -p build/docs-ui

# --- build: the programs and what belongs to them, laid out by `make install` ------------------------
FROM --platform=${BUILDPLATFORM} ${BUILD_BASE} AS build
ARG PACKAGES CROSS=
WORKDIR /build
# Packages first: their layer stays as it is while only sources change.
COPY deploy/install-packages deploy/lock-packages deploy/needed-packages deploy/
COPY deploy/packages deploy/packages
RUN if [ -z "${CROSS}" ]; then PACKAGES="${PACKAGES}" deploy/install-packages build; \
    else dpkg --add-architecture arm64 && deploy/install-packages cross; fi
COPY Makefile VERSION ./
COPY src src
COPY deploy/appcore_export.py deploy/
ARG COMMIT=unknown
RUN make -j"$(nproc)" programs COMMIT="${COMMIT}" CROSS="${CROSS}"
COPY deploy deploy
COPY --from=docs /build/build/docs-ui build/docs-ui
RUN make install COMMIT="${COMMIT}" CROSS="${CROSS}" PREFIX=/usr DESTDIR=/image \
 && "${CROSS:+${CROSS}-}strip" /image/usr/bin/* \
 && OBJDUMP="${CROSS:+${CROSS}-}objdump" deploy/needed-packages /image/usr/bin/* >/libraries.txt

# --- the image ---------------------------------------------------------------------------------------
FROM ${BASE}
ARG PACKAGES
COPY deploy/install-packages deploy/lock-packages /tmp/deploy/
COPY deploy/packages /tmp/deploy/packages
# The packages of the programs' own libraries, whose names differ from release to release.
COPY --from=build /libraries.txt /tmp/deploy/packages/
# Left out: Python's byte code (16 MB; without it a start takes about 0.3 s longer), its manuals and tests,
# and time zones (all times are UTC). The base image has no translations and documentation already.
RUN printf 'path-exclude %s\n' '/usr/share/zoneinfo/*' /usr/bin/tini-static >/etc/dpkg/dpkg.cfg.d/appcore \
 && PACKAGES="${PACKAGES}" /tmp/deploy/install-packages run image libraries \
 && rm -rf /usr/lib/python3*/pydoc_data /usr/lib/python3*/test \
 && find / -xdev -name __pycache__ -prune -exec rm -r {} + \
 && rm -r /tmp/deploy /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/cache/* /var/log/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent appcore \
 && install -d -m 1777 /var/lib/appcore/state /var/lib/appcore/textfile
COPY --from=build /image /

ENV PYTHONDONTWRITEBYTECODE=1 \
    PATH=/usr/share/appcore:/usr/sbin:/usr/bin:/sbin:/bin \
    APPCORE_BIN_DIR=/usr/bin \
    APPCORE_MESSAGES=log \
    ADDRESS=0.0.0.0 \
    RUN_DIR=/tmp/appcore
USER 10001:10001
WORKDIR /
EXPOSE 8000
STOPSIGNAL SIGTERM
# As long as a request may wait (APPCORE_REQUEST_TIMEOUT, 30 s, and 5): a busy pool is not a sick one.
HEALTHCHECK --interval=10s --timeout=40s --start-period=20s CMD ["appcorectl", "health"]
# supervisord is not made to be process 1: it would ignore a SIGTERM that comes early, and adopt nobody.
ENTRYPOINT ["tini", "--"]
CMD ["appcorectl", "run"]

# Last, because they change with each commit. No time of creation: it would make two builds differ.
ARG VERSION=unknown COMMIT=unknown SOURCE=
LABEL org.opencontainers.image.title="appcore" \
      org.opencontainers.image.description="A prediction service: nginx, a pool of FastCGI workers, metrics" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT"
