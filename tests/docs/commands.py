"""Commands in the pages exist: targets of make, commands and options of our programs, programs of the system.

Each block of shell says what becomes of it: ```sh run (run here, in a copy of the example's folder), ```sh not-run,
```console run-served (commands and what they print, run by tests/e2e/test_documents.py against a stack), ```sh run-kubernetes (run by
tests/kubernetes/test_kubernetes.py in a cluster).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pages

BUILD = Path(os.environ.get("APPCORE_BIN_DIR", pages.ROOT / "build/release"))
EXAMPLE = pages.ROOT / "configs/examples/breast-cancer"
LIMIT = 120  # seconds for a block
SHELL = {"sh", "bash", "console"}
OF_THE_SYSTEM = {"apt-get", "cd", "cp", "curl", "docker", "git", "grep", "kill", "kubectl", "python3", "sed", "systemctl"}
OURS = {"appcorectl", "appcore-model", "appcore-worker", "appcore-metrics", "make"}
AN_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
A_WORD = re.compile(r"[a-z][a-z0-9-]*")


def _help(program: str, *words: str) -> str:
    command = ([pages.ROOT / "deploy/appcorectl"] if program == "appcorectl" else [BUILD / program])
    done = subprocess.run([*command, *words, "--help"], text=True, capture_output=True, timeout=LIMIT, check=False)
    return done.stdout + done.stderr


class Known:
    """What there is, asked once."""

    def __init__(self) -> None:
        makefiles = "".join(path.read_text(encoding="utf-8") for path in [pages.ROOT / "Makefile", *pages.ROOT.glob("**/*.mk")])
        self.targets = set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", makefiles, re.MULTILINE))
        self.variables = set(re.findall(r"^([A-Z_]+) *\??:?=", makefiles, re.MULTILINE)) | set(re.findall(r"\$\((?:or )?\$?\(?([A-Z_]+)", makefiles))
        self.texts = {name: _help(name) for name in OURS - {"make"}}
        listed = re.search(r"^Usage.*?\n\n(?=From)|.*", self.texts["appcorectl"], re.DOTALL)
        self.ctl = set(re.findall(r"^  ([a-z]+) ", listed[0] if listed else "", re.MULTILINE))
        self.model = set(re.findall(r"^  ([a-z-]+) ", self.texts["appcore-model"], re.MULTILINE))
        self.settings = set(re.findall(r"^  ([A-Z_]+) ", self.texts["appcore-worker"], re.MULTILINE))

    def wrong(self, words: list[str]) -> str:
        """What is wrong with a command, or nothing."""
        program, arguments = os.path.basename(words[0]), words[1:]
        if program == "make":
            return self._wrong_make(arguments)
        plain = next((word for word in arguments if A_WORD.fullmatch(word)), "")
        if program in ("appcorectl", "appcore-model"):
            commands = self.ctl if program == "appcorectl" else self.model
            if arguments and A_WORD.fullmatch(arguments[0]) and arguments[0] not in commands:
                return f"{program} has no command {arguments[0]}"
            text = self.texts[program] if program == "appcorectl" or not plain else _help(program, plain)
        else:
            text = self.texts[program]
        given = [word for word in arguments if AN_OPTION.fullmatch(word) and word not in ("--help", "--version")]
        return next((f"{program} {plain} has no option {option}" for option in given if option not in text), "")

    def _wrong_make(self, arguments: list[str]) -> str:
        for word in arguments:
            name, equals, _ = word.partition("=")
            if equals and name not in self.variables | self.settings:
                return f"make has no variable {name}"
            if not equals and A_WORD.fullmatch(word) and word not in self.targets:
                return f"make has no target {word}"
        return ""


def _commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a line of shell, without what is assigned before them."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "TEXT", text)
    for part in re.split(r"&&|\|\||[|;]", re.sub(r"(^|\s)#.*", "", plain)):
        words = [word for word in shlex.split(part) if not re.match(r"[<>]", word)]
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words:
            yield words


def problems() -> Iterator[str]:
    known = Known()
    for page in pages.all_pages():
        for line, span in page.code_spans():
            words = span.split()
            if len(words) > 1 and words[0] in OURS and "..." not in span and (wrong := known.wrong(words)):
                yield f"{page.name}:{line}: {wrong}"
        for block in page.blocks:
            if block.language in SHELL:
                yield from (f"{page.name}:{block.line}: {wrong}" for wrong in _wrong_block(block, known))


def _wrong_block(block: pages.Block, known: Known) -> Iterator[str]:
    if block.word not in ("run", "not-run", "run-served", "run-kubernetes"):
        yield f"the block must say run, run-served, run-kubernetes or not-run, got {block.word!r}"
    text = "\n".join(line.removeprefix("$ ") for line in block.lines if block.language != "console" or line.startswith("$ "))
    for line in text.replace("\\\n", " ").splitlines():
        for words in _commands(line):
            if os.path.basename(words[0]) in OURS:
                if wrong := known.wrong(words):
                    yield wrong
            elif words[0] not in OF_THE_SYSTEM:
                yield f"{words[0]} is not a program that the pages use"
    if block.word == "run":
        yield from _run(text)


def _run(text: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        environment = {**os.environ, "PATH": f"{BUILD}:{pages.ROOT}/deploy:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-euc", text], cwd=folder, env=environment, text=True, timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            yield f"exit code {done.returncode}: {done.stdout.strip()}"
