# The ways in which the service is delivered: container image, Debian package, archive.

##@ Deliver
.PHONY: image run-package run-container run-compose image-test image-sbom artefacts reproducible lock lock-check deb deb-sbom \
        deb-test upgrade-test

# The container image. ENGINE is docker or podman, with sudo if need be; IMAGE_ARGS are more arguments for its `build`, RUN_ARGS for
# its `run`; BASE is the image that it is made of, another one than the Dockerfile's; CROSS is the processor that it is for,
# another one than this machine's; SOURCE is the address of the sources, for the label.
ENGINE ?= $(eval ENGINE := $(shell deploy/start-as engine-here))$(ENGINE)
IMAGE ?= appcore:$(VERSION)
IMAGE_ARGS ?=
BASE ?=
RUN_ARGS ?=
SOURCE ?=

image: docs-ui ## the container image, tagged appcore:VERSION and appcore:latest
	@test -n '$(ENGINE)'
	DOCKER_BUILDKIT=1 $(ENGINE) build $(if $(filter podman,$(ENGINE)),--format docker) -t '$(IMAGE)' -t appcore:latest \
	 --build-arg VERSION='$(VERSION)' --build-arg COMMIT='$(COMMIT)' --build-arg SOURCE='$(SOURCE)' \
	 $(if $(BASE),--build-arg BASE='$(BASE)') \
	 $(if $(CROSS),--platform linux/$(firstword $(subst -, ,$(CROSS))) --build-arg CROSS='$(CROSS)') $(IMAGE_ARGS) .

# The service in the ways in which it is delivered, from nothing but these sources.
run-package: ## build the package, install it and serve: Debian's nginx and supervisor, at every boot
	@$(MAKE) --no-print-directory deb
	@deploy/start-as package $(DEB_DIR)/appcore_*.deb

run-container: ## build the image and serve from a container, "appcore"; installs docker where no engine is
	@engine=$$(deploy/start-as engine) && $(MAKE) --no-print-directory image ENGINE="$$engine"
	@PORT='$(PORT)' ADDRESS='$(ADDRESS)' WORKERS='$(WORKERS)' RUN_ARGS='$(RUN_ARGS)' deploy/start-as container '$(IMAGE)'

run-compose: docs-ui ## the same with Prometheus and node-exporter, by docker-compose.yml
	@VERSION='$(VERSION)' COMMIT='$(COMMIT)' APPCORE_PORT='$(or $(APPCORE_PORT),$(PORT))' \
	 APPCORE_ADDRESS='$(or $(APPCORE_ADDRESS),$(ADDRESS))' $(if $(WORKERS),APPCORE_WORKERS='$(WORKERS)') deploy/start-as compose

image-test: image ## tests of the image, in containers
	@ENGINE='$(ENGINE)' IMAGE='$(IMAGE)' python3 -B tests/image/test_image.py -v

# Software bills of materials: what the image has installed, and what the package depends on with the lock's versions.
SBOM = deploy/sbom.py --time '$(COMMIT_TIME)' --lock
image-sbom: image ## the image's bill of materials (SPDX), in build/image
	@mkdir -p build/image
	@release=$$($(ENGINE) run --rm --network none --entrypoint bash '$(IMAGE)' -c '. /etc/os-release && echo "$$ID-$$VERSION_ID"') && \
	 $(ENGINE) run --rm --network none --entrypoint dpkg-query '$(IMAGE)' -W -f '$${Package}=$${Version}\n' | \
	 python3 -B $(SBOM) "deploy/packages/$$release.lock" --name appcore-image --version '$(VERSION)' >build/image/appcore-image.spdx.json
	@ls build/image/appcore-image.spdx.json

deb-sbom: deb ## the Debian package's bill of materials (SPDX), in build/deb
	@dpkg-query -W -f '$${Package}\t$${Provides}\n' >'$(DEB_DIR)/providers'
	@dpkg-deb -f '$(DEB_DIR)'/appcore_*.deb Depends | tr ',' '\n' | \
	 python3 -B $(SBOM) "$$(deploy/lock-packages file)" --providers '$(DEB_DIR)/providers' --name appcore --version '$(DEB_VERSION)' >'$(DEB_DIR)/appcore.spdx.json'
	@ls '$(DEB_DIR)/appcore.spdx.json'

# What a release consists of: what `make install` installs as an archive, whose bytes do not depend on
# when it is made, the Debian package with its bill of materials, and checksums.
ARCHIVE = appcore-$(VERSION)-$(DEBIAN)-$(PROCESSOR).tar.gz
artefacts: ## an archive of the installed files, the Debian package and checksums, in build/artefacts
	@deploy/fetch-docs-ui
	@$(MAKE) --no-print-directory deb-sbom
	@rm -rf build/artefacts build/artefacts-root
	@mkdir -p build/artefacts
	@$(MAKE) --no-print-directory install DESTDIR=build/artefacts-root
	@tar -C build/artefacts-root --sort=name --owner=0 --group=0 --numeric-owner --mtime='@$(COMMIT_TIME)' -c . | \
	 gzip -9 -n >'build/artefacts/$(ARCHIVE)'
	@cp '$(DEB_DIR)'/appcore*.deb build/artefacts
	@cp '$(DEB_DIR)/appcore.spdx.json' 'build/artefacts/$(ARCHIVE:.tar.gz=.spdx.json)'
	@cd build/artefacts && sha256sum * >'$(ARCHIVE:.tar.gz=.sha256)' && cat '$(ARCHIVE:.tar.gz=.sha256)'

# The same commit, built in two folders without a compiler cache, must give the same bytes.
reproducible: ## build HEAD twice, in different folders, and compare
	@deploy/install-packages build run deb
	@CXX='$(filter-out ccache,$(CXX))' JOBS='$(JOBS)' tests/reproducible

# Exact versions of the packages that building and running take.
lock: ## renew the lock files of package versions, of both releases, from the package sources
	@deploy/lock-packages renew

lock-check: ## what differs between the lock file and this machine
	@deploy/lock-packages check

# The Debian package: what `make install` installs, packed by debhelper. Its version says the commit and the time
# of that, so that newer commits are newer packages, and the release it was built on, so that the next release's
# replaces it; the time is also that of all files in it. With CROSS= it is another processor's.
DEBIAN = $(shell . /etc/os-release && echo "$${ID:-}$${VERSION_ID:-}")
DEB_VERSION = $(VERSION)+git$(shell date -u -d @$(COMMIT_TIME) +%Y%m%d%H%M%S).$(subst -,+,$(COMMIT))+$(DEBIAN:debian%=deb%)
DEB_DIR ?= build/deb
DEB_SOURCE = $(abspath $(DEB_DIR))/source
deb: ## the Debian package, in build/deb
	@deploy/install-packages run $(if $(CROSS),cross,build) deb
	@deploy/fetch-docs-ui --if-possible
	@$(BUILD_PROGRAMS)
	@rm -rf '$(DEB_DIR)'
	@mkdir -p '$(DEB_SOURCE)'
	@cp -R deploy/debian deploy/systemd configs '$(DEB_SOURCE)'
	@$(MAKE) --no-print-directory install PREFIX=/usr DESTDIR='$(DEB_SOURCE)/installed' \
	 >'$(DEB_DIR)/install.log' 2>&1 || { cat '$(DEB_DIR)/install.log' >&2; exit 1; }
	@printf 'appcore (%s) stable; urgency=medium\n\n  * Commit %s.\n\n -- %s  %s\n' '$(DEB_VERSION)' '$(COMMIT)' \
	 "$$(sed -n 's/^Maintainer: //p' deploy/debian/control)" "$$(LC_ALL=C date -u -R -d @$(COMMIT_TIME))" \
	 >'$(DEB_SOURCE)/debian/changelog'
	@cd '$(DEB_SOURCE)' && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LC_ALL=C SOURCE_DATE_EPOCH='$(COMMIT_TIME)' \
	 dpkg-buildpackage -b -us -uc -d $(CROSS:%=-t %) >../build.log 2>&1 || { tail -n 30 ../build.log >&2; exit 1; }
	@ls '$(DEB_DIR)'/appcore_*.deb

# In a fresh Debian made by debootstrap, with a network of its own: install, serve, upgrade, remove, purge. The
# newer package is of a commit that does not exist; it is made first, so that the programs end as those of HEAD.
deb-test: ## lintian, and the package's life in a fresh Debian; as root
	@deploy/install-packages deb deb-test
	@$(MAKE) --no-print-directory deb DEB_DIR=build/deb-newer COMMIT=newer COMMIT_TIME=$$(($(COMMIT_TIME) + 1))
	@$(MAKE) --no-print-directory deb-sbom
	@lintian --fail-on error,warning --tag-display-limit 0 build/deb/appcore_*.changes
	@tests/deb/run build/deb/appcore_*.deb build/deb-newer/appcore_*.deb

# OLD is a package that `make deb` has made on Debian 12, NEW one that it has made on Debian 13.
OLD ?= $(firstword $(wildcard build/deb/appcore_*+deb12_*.deb))
NEW ?= $(firstword $(wildcard build/deb/appcore_*+deb13_*.deb))
upgrade-test: ## a machine with the package of Debian 12 (OLD=) becomes Debian 13, then gets that of 13 (NEW=); as root
	@deploy/install-packages deb-test
	@tests/deb/upgrade '$(OLD)' '$(NEW)'
