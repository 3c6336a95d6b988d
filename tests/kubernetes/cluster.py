"""A Kubernetes cluster in network namespaces that a switch connects.

    control    10.77.0.21      etcd, the API server, controllers, the scheduler, kubectl
    m1 to m3   10.77.0.11 ...  nodes: docker, kubelet, kube-proxy; pods have 10.244.N.0/24, with routes between the nodes
    client     10.77.0.5       sends requests to the Service's address, with a kube-proxy as any machine of the cluster has it

All defaults of Kubernetes hold but for those in the tables below.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fleet"))

import certificates  # noqa: E402
from machine import DOCKER, Machine  # noqa: E402
from network import Network  # noqa: E402

HERE = Path(__file__).resolve().parent
ADDRESSES = {"client": "10.77.0.5", "control": "10.77.0.21", "m1": "10.77.0.11", "m2": "10.77.0.12", "m3": "10.77.0.13"}
NODES = ("m1", "m2", "m3")
PODS, SERVICES, API_SERVICE = "10.244.0.0/16", "10.96.0.0/16", "10.96.0.1"
API = f"https://{ADDRESSES['control']}:6443"
STORE = "http://127.0.0.1:2379"
# The node-monitor-grace-period of kube-controller-manager by default: after so many seconds without a word a node is lost.
GRACE = 40.0
# Where kube-proxy runs. A connection that a lost node never accepted is remembered for so many seconds (120 by default), and another one
# from the same port would be sent to that node, too.
NETWORK = {"ipv4/ip_forward": 1, "netfilter/nf_conntrack_tcp_timeout_syn_sent": 5}


class Cluster(Network):
    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(ADDRESSES)
        self.folder, self._programs = folder, programs
        self._keys, self._admin = folder / "keys", folder / "admin.conf"
        self.machines: dict[str, Machine] = {}

    def up(self, images: Path) -> None:
        self.connect_all()
        certificates.make(self._keys, ADDRESSES["control"], API_SERVICE)
        self._write_access()
        for name in ADDRESSES:
            self.machines[name] = Machine(self.folder / name, self.enter(name))
        for name in NODES:
            number = name[1:]
            self.machines[name].start_engine("--bip", f"10.244.{number}.1/24", "--add-runtime", f"test={HERE}/runtime", "--default-runtime", "test")
        for name in NODES:
            self.machines[name].run(DOCKER, "load", "-q", "-i", str(images), limit=600)
        self._start_control()
        for name in NODES:
            self._start_node(name)
        for name in ("client", *NODES):
            self._connect_pods(name)
            self._start_proxy(name)
        self.machines["control"].wait_for(*self._kubectl("get", "node", *NODES))
        self.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s")

    # --- programs -------------------------------------------------------------------------------------

    def _start(self, name: str, program: str, *options: str) -> None:
        self.machines[name].start(program, f"{self._programs}/{program}", *options)

    def _write(self, name: str, file: str, content: dict[str, Any]) -> str:
        path = self.folder / name / file
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def _write_access(self) -> None:
        user = {"client-certificate": f"{self._keys}/admin.crt", "client-key": f"{self._keys}/admin.key"}
        self._admin.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "users": [{"name": "admin", "user": user}],
            "clusters": [{"name": "test", "cluster": {"server": API, "certificate-authority": f"{self._keys}/ca.crt"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}), encoding="utf-8")

    def _start_control(self) -> None:
        control, keys, address = self.machines["control"], self._keys, ADDRESSES["control"]
        control.start("etcd", "etcd", "--data-dir", f"{control.folder}/etcd", "--listen-client-urls", STORE, "--advertise-client-urls", STORE,
                      "--listen-peer-urls", "http://127.0.0.1:2380", "--unsafe-no-fsync")
        self._start("control", "kube-apiserver", f"--etcd-servers={STORE}", f"--service-cluster-ip-range={SERVICES}", f"--advertise-address={address}",
                    f"--tls-cert-file={keys}/api.crt", f"--tls-private-key-file={keys}/api.key", f"--client-ca-file={keys}/ca.crt",
                    f"--service-account-key-file={keys}/accounts.pub", f"--service-account-signing-key-file={keys}/accounts.key",
                    "--service-account-issuer=https://kubernetes.default.svc", f"--kubelet-client-certificate={keys}/admin.crt",
                    f"--kubelet-client-key={keys}/admin.key", "--authorization-mode=RBAC", f"--cert-dir={control.folder}/own")
        control.wait_for(*self._kubectl("get", "--raw", "/readyz"))
        self._start("control", "kube-controller-manager", f"--kubeconfig={self._admin}", f"--service-account-private-key-file={keys}/accounts.key",
                    f"--root-ca-file={keys}/ca.crt", f"--cert-dir={control.folder}/own", f"--flex-volume-plugin-dir={control.folder}/plugins")
        self._start("control", "kube-scheduler", f"--kubeconfig={self._admin}", f"--cert-dir={control.folder}/own")

    def _start_node(self, name: str) -> None:
        folder, address = self.machines[name].folder, ADDRESSES[name]
        configuration = self._write(name, "kubelet.json", {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "address": address, "failSwapOn": False,
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}, "x509": {"clientCAFile": f"{self._keys}/ca.crt"}},
            "authorization": {"mode": "AlwaysAllow"},
            # The nodes share one machine's control groups and disk.
            "cgroupDriver": "cgroupfs", "cgroupsPerQOS": False, "enforceNodeAllocatable": [], "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "volumePluginDir": f"{folder}/plugins", "resolvConf": "/etc/resolv.conf"})
        self._start(name, "kubelet", f"--kubeconfig={self._admin}", f"--config={configuration}", f"--hostname-override={name}", f"--node-ip={address}",
                    f"--root-dir={folder}/kubelet", f"--cert-dir={folder}/own", "--container-runtime=docker", "--network-plugin=",
                    "--pod-infra-container-image=pause:1", "--runtime-cgroups=/", "--kubelet-cgroups=/")

    def _connect_pods(self, name: str) -> None:
        machine = self.machines[name]
        for node in NODES:
            if node != name:
                machine.run("ip", "route", "add", f"10.244.{node[1:]}.0/24", "via", ADDRESSES[node])
        machine.run("ip", "route", "add", SERVICES, "dev", "eth0")  # kube-proxy changes the address of what has a way
        for setting, value in NETWORK.items():
            machine.run("sh", "-c", f"echo {value} >/proc/sys/net/{setting}")

    def _start_proxy(self, name: str) -> None:
        configuration = self._write(name, "proxy.json", {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables", "clusterCIDR": PODS,
            "clientConnection": {"kubeconfig": str(self._admin)}, "bindAddress": ADDRESSES[name], "hostnameOverride": name,
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}})
        self._start(name, "kube-proxy", f"--config={configuration}")

    # --- commands -------------------------------------------------------------------------------------

    def _kubectl(self, *arguments: str) -> tuple[str, ...]:
        return (f"{self._programs}/kubectl", f"--kubeconfig={self._admin}", *arguments)

    def kubectl(self, *arguments: str, limit: float = 300) -> str:
        return self.machines["control"].run(*self._kubectl(*arguments), limit=limit)

    def shell(self, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Commands as a page has them, in `folder`, with kubectl on the path."""
        environment = {**os.environ, "KUBECONFIG": str(self._admin), "HOME": str(self.folder), "PATH": f"{self._programs}:{os.environ['PATH']}"}
        return subprocess.run([*self.enter("control"), "bash", "-euc", script], cwd=folder, env=environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def field(self, kind: str, path: str, *options: str) -> list[str]:
        """Words of objects, by a JSONPath."""
        return self.kubectl("get", kind, "-o", f"jsonpath={path}", *options).split()
