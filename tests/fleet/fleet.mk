# Several machines on one: network namespaces with the real HAProxy, keepalived, sshd and whole stacks. As root.

##@ Test a fleet
.PHONY: fleet-test

FLEET_TESTS ?=
fleet-test: ## two fronts and three machines: one is killed, hangs, is cut off, upgraded, moved; as root; FLEET_TESTS="Fleet.test_..." for some
	@deploy/install-packages run build test fleet-test
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 -B tests/fleet/test_fleet.py $(FLEET_TESTS)
