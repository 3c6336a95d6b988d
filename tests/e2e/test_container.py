"""The container's files, as far as they can be checked without an engine; `make image-test` has one."""

import json
import os
import re
import subprocess
import tempfile
import unittest

import yaml

from stack import CTL, ROOT, Stack

COMPILERS = re.compile(r"^(g\+\+|gcc|clang|make|.*-dev)$")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def packages(name):
    """The packages of deploy/packages/NAME.txt."""
    lines = read("deploy", "packages", f"{name}.txt").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def instructions():
    """[(INSTRUCTION, rest)] of the Dockerfile, continuation lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", read("Dockerfile"))
    text = text.replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class Dockerfile(unittest.TestCase):
    def setUp(self):
        every = instructions()
        starts = [i for i, (name, _) in enumerate(every) if name == "FROM"]
        self.build, self.final = every[starts[0]:starts[-1]], every[starts[-1]:]
        self.assertEqual([every[i][1].split()[-1] for i in starts[:-1]], ["docs", "build"])

    def values(self, name):
        return [rest for instruction, rest in self.final if instruction == name]

    def test_it_runs_as_a_number_that_is_not_root_under_an_init(self):
        self.assertRegex(self.values("USER")[-1], r"^[1-9][0-9]*:[1-9][0-9]*$")
        self.assertEqual(json.loads(self.values("ENTRYPOINT")[0])[0], "tini")
        self.assertIn("tini", packages("image"))
        self.assertEqual(self.values("STOPSIGNAL"), ["SIGTERM"])
        self.assertEqual(len(self.values("HEALTHCHECK")), 1)

    def test_what_builds_stays_in_the_stages_before_the_last(self):
        self.assertIn("install-packages build", " ".join(rest for _, rest in self.build))
        # They run on the processor that builds; the image may be for another one.
        self.assertEqual([rest.split()[0] for name, rest in self.build if name == "FROM"], ["--platform=${BUILDPLATFORM}"] * 2)
        self.assertIn(("ARG", "BUILDPLATFORM=linux"), instructions())  # docker 20.10's own builder does not know it
        self.assertNotRegex(" ".join(self.values("RUN")), r"install-packages[^&]*\b(build|test|lint)\b")
        self.assertEqual([p for p in packages("run") | packages("image") if COMPILERS.match(p)], [])

    def test_all_that_is_copied_is_let_through_by_dockerignore(self):
        ignored = read(".dockerignore").splitlines()
        self.assertIn("*", ignored)
        allowed = {line[1:] for line in ignored if line.startswith("!")}
        for name, rest in self.build + self.final:
            if name == "COPY" and "--from" not in rest:
                for source in rest.split()[:-1]:
                    if source == "build*":  # what is there if `make docs-ui` has run
                        self.assertIn("build/docs-ui", allowed)
                        continue
                    self.assertIn(source.split("/")[0], allowed)
                    self.assertTrue(os.path.exists(os.path.join(ROOT, source)), source)

    def test_the_image_gets_every_library_that_the_programs_are_linked_with(self):
        folder = os.environ.get("APPCORE_BIN_DIR", f"{ROOT}/build/release")
        programs = [os.path.join(folder, name) for name in ("appcore-worker", "appcore-metrics")]
        dynamic = subprocess.run(["readelf", "-d", *programs], text=True, check=True, stdout=subprocess.PIPE).stdout
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
        self.assertGreater(len(needed), 5)
        names = subprocess.run([f"{ROOT}/deploy/needed-packages", *programs], text=True, check=True,
                               stdout=subprocess.PIPE).stdout.split()
        self.assertEqual(names, sorted(set(names)))
        files = subprocess.run(["dpkg", "-L", *names], text=True, check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(needed - {os.path.basename(line) for line in files.splitlines()}, set())
        self.assertIn("deploy/needed-packages /image/usr/bin/* >/libraries.txt", " ".join(rest for _, rest in self.build))
        self.assertIn("install-packages run image libraries", " ".join(self.values("RUN")))

    def test_both_releases_and_processors_have_a_lock_with_what_the_image_needs(self):
        for name in ("debian-12", "debian-12-arm64", "debian-13", "debian-13-arm64"):
            with self.subTest(lock=name):
                locked = {line.partition("=")[0] for line in read("deploy", "packages", f"{name}.lock").splitlines()}
                self.assertEqual((packages("run") | packages("image") | packages("build")) - locked, set())


class StartAs(unittest.TestCase):
    def published(self, **variables):
        """What start-as container asks an engine to publish, which only writes down what it is asked."""
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "docker"), "w", encoding="ascii") as docker:
                docker.write(f'#!/bin/sh\necho "$*" >>{folder}/asked\n[ "$1 $2" != "container inspect" ]\n')
            os.chmod(docker.name, 0o755)
            environment = {k: v for k, v in os.environ.items() if k not in ("ADDRESS", "PORT", "WORKERS", "RUN_ARGS")}
            subprocess.run([f"{ROOT}/deploy/start-as", "container", "image"], check=True, timeout=60, stdout=subprocess.DEVNULL,
                           env={**environment, **variables, "PATH": f"{folder}:{os.environ['PATH']}"})
            with open(os.path.join(folder, "asked"), encoding="utf-8") as asked:
                return re.findall(r" -p (\S+)", asked.read())

    def test_a_container_s_port_is_open_to_this_machine_only_unless_told_otherwise(self):
        self.assertEqual(self.published(), ["127.0.0.1:8000:8000"])
        self.assertEqual(self.published(ADDRESS="0.0.0.0", PORT="80"), ["0.0.0.0:80:8000"])


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load(read("docker-compose.yml"))
        self.services = self.compose["services"]

    def each(self):
        for name, service in self.services.items():
            with self.subTest(service=name):
                yield name, service

    def test_the_services_are_those_that_are_wanted(self):
        always = {name for name, service in self.services.items() if "profiles" not in service}
        self.assertEqual(always, {"api", "prometheus", "node-exporter"})
        self.assertEqual(self.services["grafana"]["profiles"], ["grafana"])

    def test_every_container_is_confined_limited_restarted_and_bounded(self):
        for _, service in self.each():
            self.assertIs(service["read_only"], True)
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
            self.assertEqual(service["restart"], "unless-stopped")
            self.assertIn("max-size", service["logging"]["options"])
            self.assertLessEqual({"cpus", "mem_limit", "pids_limit"}, set(service))
            self.assertNotIn("privileged", service)

    def test_docker_compose_of_debian_12_understands_it(self):
        """Version 1.29 knows no name of the project, so that is in .env, and of deploy only a part."""
        self.assertNotIn("name", self.compose)
        self.assertEqual([name for name, service in self.each() if "deploy" in service], [])
        self.assertIn("\nCOMPOSE_PROJECT_NAME=appcore\n", read(".env"))

    def test_every_container_has_one_init_and_a_health_check(self):
        for name, service in self.each():
            built = "build" in service  # the image has init and check itself
            self.assertEqual(service.get("init", False), not built)
            self.assertEqual("healthcheck" in service, not built, name)

    def test_tags_are_pinned(self):
        for _, service in self.each():
            if "build" not in service:
                self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$")

    def test_ports_are_open_to_this_machine_only_unless_told_otherwise(self):
        for _, service in self.each():
            for port in service.get("ports", []):
                self.assertRegex(port, r"^(127\.0\.0\.1|\$\{APPCORE_ADDRESS:-127\.0\.0\.1\}):")

    def test_nothing_of_the_host_is_mounted_but_configs(self):
        for _, service in self.each():
            for volume in service.get("volumes", []):
                source, target, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")
                if source in self.compose["volumes"]:
                    continue
                self.assertTrue(source == "./configs" or source.startswith("./configs/"), volume)
                self.assertTrue(os.path.exists(os.path.join(ROOT, source)), volume)
                self.assertEqual(mode, ["ro"])
                self.assertTrue(target.startswith("/etc/"))

    def test_a_model_comes_from_a_folder_that_the_caller_names(self):
        api = self.services["api"]
        self.assertIn("APPCORE_MODEL", api["environment"])
        self.assertIn("${APPCORE_MODELS:-models}:/models:ro", api["volumes"])

    def test_node_exporter_reads_what_the_api_writes(self):
        def target(service):
            return next(v.split(":")[1] for v in self.services[service]["volumes"] if v.startswith("textfile:"))

        environment = self.services["api"]["environment"]
        self.assertEqual(environment["APPCORE_TEXTFILE_DIR"], target("api"))
        self.assertIn(f"--collector.textfile.directory={target('node-exporter')}",
                      self.services["node-exporter"]["command"])

    def test_targets_are_services_and_exist_for_a_vm_under_the_same_names(self):
        for name, service, port in (("appcore", "api", 8000), ("node", "node-exporter", 9100)):
            self.assertIn(service, self.services)
            self.assertEqual(yaml.safe_load(read("configs", "compose", f"{name}.yml")),
                             [{"targets": [f"{service}:{port}"]}])
            self.assertEqual(yaml.safe_load(read("configs", "targets", f"{name}.yml")),
                             [{"targets": [f"127.0.0.1:{port}"]}])

    def test_grafana_finds_the_data_source_and_the_dashboard(self):
        source = yaml.safe_load(read("configs", "grafana", "provisioning", "datasources", "prometheus.yml"))
        self.assertEqual(source["datasources"][0]["url"], "http://prometheus:9090")
        provider = yaml.safe_load(read("configs", "grafana", "provisioning", "dashboards", "appcore.yml"))
        folder = provider["providers"][0]["options"]["path"]
        mounted = [v.split(":")[1] for v in self.services["grafana"]["volumes"]]
        self.assertIn(f"{folder}/appcore-dashboard.json", mounted)


class Messages(unittest.TestCase):
    """APPCORE_MESSAGES=log: all that `run` says is a line of the log on standard output."""

    def run_stack(self, **variables):
        stack = Stack(APPCORE_MESSAGES="log", **variables)
        self.addCleanup(stack.down)
        process = subprocess.Popen([CTL, "run"], env=stack.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def test_start_and_stop_are_lines_of_the_log(self):
        process = self.run_stack()
        lines = [json.loads(process.stdout.readline())]
        while lines[-1]["logger"] != "appcorectl":
            lines.append(json.loads(process.stdout.readline()))
        self.assertIn("serves on", lines[-1]["message"])
        process.terminate()
        output, errors = process.communicate(timeout=30)
        self.assertEqual((errors, process.returncode), ("", 0))
        lines += [json.loads(line) for line in output.splitlines()]
        # The last that supervisord says, so nothing was cut off.
        self.assertIn("metrics.sock", lines[-1]["message"])

    def test_a_failure_is_one_error_with_the_current_time(self):
        output, errors = self.run_stack(APPCORE_MAX_BODY="many").communicate(timeout=30)
        self.assertEqual(errors, "")
        line = json.loads(output)
        self.assertEqual((line["level"], line["logger"]), ("ERROR", "appcore-worker"))
        self.assertIn("APPCORE_MAX_BODY", line["message"])
        self.assertRegex(line["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


if __name__ == "__main__":
    unittest.main()
