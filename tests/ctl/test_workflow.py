"""Which jobs the matrices of .github/workflows/ci.yml make, and whether their compilers take what the Makefile tells them."""

import itertools
import os
import shlex
import shutil
import subprocess
import unittest

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 2)
WORKFLOW = os.path.join(ROOT, ".github", "workflows", "ci.yml")
RELEASES = ("bookworm", "trixie")
RUNNERS = ("ubuntu-latest", "ubuntu-24.04-arm")


def jobs_of(matrix: dict) -> list[dict]:
    """GitHub's rule: an entry of `include` extends every combination whose values it does not change; where there is
    none, it is a combination of its own, which later entries do not extend."""
    dimensions = {key: values for key, values in matrix.items() if key not in ("include", "exclude")}
    combinations = [dict(zip(dimensions, values)) for values in itertools.product(*dimensions.values())]
    jobs = [dict(combination) for combination in combinations]
    for entry in matrix.get("include", ()):
        fitting = [job for job, combination in zip(jobs, combinations)
                   if all(combination.get(key, value) == value for key, value in entry.items())]
        for job in fitting:
            job.update(entry)
        if not fitting:
            jobs.append(dict(entry))
    return jobs


class Matrices(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with open(WORKFLOW, encoding="utf-8") as file:
            workflow = yaml.safe_load(file)
        cls.jobs = {name: jobs_of(job["strategy"]["matrix"]) for name, job in workflow["jobs"].items() if "strategy" in job}

    def test_both_releases_are_tested_on_both_processors(self) -> None:
        gcc = {(job["debian"], job["runner"]) for job in self.jobs["test"] if (job["cxx"], job["build"]) == ("g++", "release")}
        self.assertEqual(gcc, set(itertools.product(RELEASES, RUNNERS)))

    def test_both_releases_are_tested_with_both_compilers_and_with_sanitizers(self) -> None:
        here = [(job["debian"], job["cxx"], job["build"]) for job in self.jobs["test"] if job["runner"] == RUNNERS[0]]
        wanted = [*itertools.product(RELEASES, ("g++", "clang++"), ("release", "asan")), ("bookworm", "g++", "tsan")]
        self.assertEqual(sorted(here), sorted(wanted))

    def test_every_job_with_clang_installs_it(self) -> None:
        for job in self.jobs["test"]:
            self.assertEqual("clang" in job.get("compiler", ""), job["cxx"] == "clang++", job)

    def test_each_compiler_knows_the_flags_of_its_builds(self) -> None:
        for compiler, build in sorted({(job["cxx"], job["build"]) for job in self.jobs["test"]}):
            with self.subTest(compiler=compiler, build=build):
                if not shutil.which(compiler):
                    self.skipTest(f"{compiler} is not installed")
                # A make that runs the tests hands on its own variables.
                environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
                told = subprocess.run(["make", "-s", f"BUILD={build}", f"CXX={compiler}", "--eval", "flags-of-it:;@echo '$(CPPFLAGS) $(CXXFLAGS)'",
                                       "flags-of-it"], cwd=ROOT, env=environment, text=True, capture_output=True, check=True).stdout
                done = subprocess.run([compiler, *shlex.split(told), "-fsyntax-only", "-x", "c++", os.devnull], cwd=ROOT, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_images_packages_and_artefacts_are_made_for_both_releases_and_processors(self) -> None:
        for name in ("image", "package", "artefacts"):
            made = [(job["debian"], job["runner"]) for job in self.jobs[name]]
            self.assertEqual(sorted(made), sorted(itertools.product(RELEASES, RUNNERS)), name)


if __name__ == "__main__":
    unittest.main()
