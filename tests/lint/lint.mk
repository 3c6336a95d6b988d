# Checks of the sources and pages without running a test, and the acceptance script of the old project: what CI wants besides `make test`.

##@ Check without running
.PHONY: lint format tidy cppcheck scripts workflows kubernetes-check page-check docs-check nginx-check verify image-smoke

# Checks without running: format, clang-tidy, cppcheck, shell scripts, nginx's view of its configuration.
CPP_FILES = $(shell find src tests -name '*.cpp' -o -name '*.hpp')
SCRIPTS := deploy/keepalived/move-address deploy/launch deploy/run-nginx deploy/start-as deploy/install-packages deploy/lock-packages deploy/needed-packages \
           deploy/npm-ci deploy/fetch-docs-ui tests/fuzz/run tests/reproducible tests/arm64/run tests/deb/run tests/deb/upgrade \
           $(addprefix deploy/debian/,appcorectl appcore.postinst appcore.prerm appcore.postrm certbot-deploy-hook) tests/verify tests/parity/debian-13 tests/models/make_fixtures .ci/run

lint: ## format, clang-tidy, cppcheck, shellcheck, nginx -t, the CI workflow, deploy/kubernetes, the pages
	@deploy/install-packages run build test lint
	@deploy/npm-ci lint
	@deploy/npm-ci kubernetes
	@$(MAKE) --no-print-directory -j$(JOBS) format tidy bench-own cppcheck scripts workflows kubernetes-check page-check nginx-check docs-check

format:
	@clang-format --dry-run -Werror $(CPP_FILES)

# A stamp a folder, newer than its objects: what has not changed is not read again.
TIDY_OBJECTS = $(LIBRARY_OBJECTS) $(PROGRAM_OBJECTS)
TIDY_STAMPS := $(addsuffix tidy.stamp,$(sort $(dir $(TIDY_OBJECTS))))
tidy: $(TIDY_STAMPS)

.SECONDEXPANSION:
$(TIDY_STAMPS): %/tidy.stamp: $$(foreach object,$$(TIDY_OBJECTS),$$(if $$(filter $$*/,$$(dir $$(object))),$$(object))) .clang-tidy tests/lint/tidy
	@echo "  TIDY  $(*:$(OUT)/%=%)"
	@tests/lint/tidy $*/tidy $(sort $(patsubst $(OUT)/%.o,%.cpp,$(filter %.o,$^))) -- -std=c++20 $(CPPFLAGS)
	@touch $@

cppcheck:
	@mkdir -p $(OUT)/cppcheck
	@cppcheck --quiet --std=c++20 --language=c++ --enable=warning,performance,portability \
	 --inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 -j$(JOBS) \
	 --cppcheck-build-dir=$(OUT)/cppcheck -Isrc -DAPPCORE_VERSION='""' src

scripts:
	@shellcheck -x $(SCRIPTS)
	@pyflakes3 deploy/appcorectl deploy/ctl/*.py tests/ctl/*.py tests/run tests/memcheck tests/lint/tidy tests/mutants/run tests/fuzz/*.py tests/e2e/*.py tests/image/*.py tests/deb/*.py tests/arm64/*.py tests/docs/check tests/docs/*.py tests/fleet/*.py tests/kubernetes/*.py tests/kubernetes/runtime \
	 deploy/appcore_export.py deploy/sbom.py tests/parity/*.py tests/bench/*.py configs/examples/*/*.py
	@MYPYPATH=deploy mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy -p ctl
	@mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy deploy/sbom.py
	@mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy tests/mutants/run
	@mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy tests/lint/tidy
	@MYPYPATH=tests/kubernetes mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy $(addprefix tests/kubernetes/,apart.py certificates.py images.py machine.py programs.py)
	@MYPYPATH=deploy:tests/docs mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy tests/docs/check tests/docs/*.py
	@tests/mutants/run --check

# The pages: links, commands, tables that programs know, spelling and turns of phrase, which are those of comments and messages too.
docs-check: programs ## links, commands and tables of the pages; spelling and style of every text
	@APPCORE_BIN_DIR='$(abspath $(OUT))' tests/docs/check

workflows:
	@node tests/lint/workflows.mjs .github/workflows/*.yml

kubernetes-check: ## deploy/kubernetes by the schemas and types of npm's kubernetes-models
	@deploy/npm-ci kubernetes
	@node tests/lint/kubernetes.mjs deploy/kubernetes

page-check: ## the files of the /status page by html-validate and eslint
	@deploy/npm-ci lint
	@node tests/lint/page.mjs $(addprefix src/appcore/status/page.,html css js)

nginx-check: RUN_DIR = $(OUT)/nginx-check
nginx-check: programs
	@env $(CTL) check

# The acceptance script of the old project, check by check; the last line counts. Its part for the container
# is the smoke test of CI, too.
VERIFY = APPCORE_BIN_DIR='$(abspath $(OUT))' MAKE='$(MAKE)' ENGINE='$(ENGINE)' IMAGE='$(IMAGE)' tests/verify
verify: ## the acceptance checks of the old project; SECTIONS="api ci ..." for some (tests/verify lists them)
	@deploy/install-packages run build test lint
	@deploy/npm-ci lint
	@deploy/fetch-docs-ui
	@$(BUILD_PROGRAMS)
	@$(VERIFY) $(SECTIONS)

image-smoke: ## build the image and send it the old project's requests
	@test -n '$(ENGINE)'
	@$(VERIFY) container
