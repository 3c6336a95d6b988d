"""Builds for arm64 and runs the tests in qemu-user, in the root file system of tests/arm64/run: emulated.py [unit] [seeds]
[test_MODULE ...] [package]

Unit tests that the emulator cannot run stand in docs/development.md with the reason. They are run too, alone, and must fail: one that passes
is an error, and so is a name that no test has. The exit code is 0 if everything else passes.
"""

import os
import pathlib
import shlex
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/docs"))
import pages  # noqa: E402

PAGE = "docs/development.md"
TABLE = "test that cannot run in the emulator"
PROCESSOR = "aarch64-linux-gnu"
BUILT = TREE / "build" / f"release-{PROCESSOR}"
EMULATED = TREE / "build/arm64/bin"
LONGEST = 300  # seconds for one test of the table: some wait for what the emulator never does


def build():
    """The exit code. The compiler's warnings are errors; the linker's are not, and are looked for here."""
    log = TREE / "build/arm64/build.log"
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(["make", "--no-print-directory", f"-j{os.environ.get('JOBS', '1')}", f"CROSS={PROCESSOR}", "programs",
                               f"build/release-{PROCESSOR}/unit-tests", "fuzz-programs"],
                              stdout=file, stderr=subprocess.STDOUT, check=False)
    text = log.read_text(encoding="utf-8")
    if done.returncode != 0 or "warning" in text:
        print(text[-4000:])
        print(f"emulated.py: the build must end without a warning; see {log.relative_to(TREE)}", file=sys.stderr)
        return 1
    return 0


def package():
    """Whether the Debian package is made, for this processor."""
    folder = TREE / "build/arm64/deb"
    made = subprocess.run(["make", "--no-print-directory", f"CROSS={PROCESSOR}", f"DEB_DIR={folder}", "deb",
                           *(f"{name}={os.environ[name]}" for name in ("COMMIT", "COMMIT_TIME"))], check=False)
    found = [subprocess.run(["dpkg-deb", "-f", path, "Architecture"], text=True, capture_output=True, check=True).stdout.strip()
             for path in folder.glob("*.deb")]
    return made.returncode == 0 and bool(found) and set(found) == {"arm64"}


def emulate(program, arguments=()):
    """A script in the program's place. Nothing is registered with the kernel, which the whole machine would see."""
    script = EMULATED / program.relative_to(BUILT)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("#!/bin/sh\n" + shlex.join(["exec", "qemu-aarch64", str(program), *arguments]) + ' "$@"\n', encoding="utf-8")
    script.chmod(0o755)


def pattern(name):
    """Catch2's for exactly this test."""
    for special in '\\",[':
        name = name.replace(special, "\\" + special)
    return f'"{name}"'


def unit_tests(*arguments):
    return ["qemu-aarch64", str(BUILT / "unit-tests"), *arguments]


def table():
    """The tests that cannot run in the emulator."""
    return [pages.codes(row[0])[0] for row in pages.page(PAGE).table(TABLE)]


def wrong_rows(names):
    """What the table says and is not true, a line each."""
    listed = subprocess.run(unit_tests("--list-tests", "--verbosity", "quiet"), text=True, capture_output=True, check=True).stdout
    existing = {line.strip() for line in listed.splitlines()}
    for name in names:
        if name not in existing:
            yield f"{PAGE}: there is no test {name!r}"
            continue
        try:
            done = subprocess.run(unit_tests(pattern(name)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LONGEST, check=False)
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            yield f"{PAGE}: {name!r} does run in the emulator; remove it from the table"


def main(arguments):
    os.chdir(TREE)  # tests name files of the tree
    if build() != 0:
        return 1
    names = table()
    for program in [*BUILT.glob("appcore-*[!.d]"), *(BUILT / "fuzz").glob("*")]:
        if os.access(program, os.X_OK):
            emulate(program)
    emulate(BUILT / "unit-tests", ["~" + pattern(name) for name in names])
    tests = [word for word in arguments if word != "package"]
    has_failed = bool(tests) and subprocess.run([TREE / "tests/run", *tests], env=dict(os.environ, APPCORE_BIN_DIR=str(EMULATED)),
                                                check=False).returncode != 0
    wrong = list(wrong_rows(names)) if "unit" in arguments else []
    if "package" in arguments and not package():
        wrong.append("emulated.py: the package for arm64 was not made")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(names)} unit tests cannot run in the emulator: see {PAGE}")
    return 1 if wrong or has_failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
