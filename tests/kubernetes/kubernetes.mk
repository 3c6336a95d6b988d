# A real cluster: Kubernetes built from Debian 12's source package once, into build/kubernetes. As root, on Debian 12.

##@ Test a cluster
.PHONY: kubernetes-test

KUBERNETES_TESTS ?=
kubernetes-test: ## a Kubernetes of three nodes: rolling updates, a broken version, a drained node, one cut off, a new model; as root; KUBERNETES_TESTS="Kubernetes.test_..." for some
	@deploy/install-packages build kubernetes-test
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 -B tests/kubernetes/apart.py build/kubernetes/run /usr/bin/python3 -B tests/kubernetes/test_kubernetes.py $(KUBERNETES_TESTS)
