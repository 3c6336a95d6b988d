"""Operators, accidents and attackers at once: in the end either one whole stack serves, or none runs, and status says which.

A machine of Hypothesis's runs commands of appcorectl two and three at a time, kills each at a random instant, removes
folders, stops and kills processes, changes the environment, certificates, keys and models, and replaces releases. After each
such round things settle within a bounded time, what commands have promised holds, and no request of a light load is lost
meanwhile unless a client's own service was taken away. By hand:
`make operations ROUNDS=500 [SEED=n]`; in `make test` it is a short run. The seed is printed first. What is at once is at the
mercy of the scheduler, so a seed repeats the rounds, but not always their outcome.
"""

import contextlib
import functools
import os
import random
import shutil
import signal
import time
import unittest

# Read when it is imported; otherwise its files would lie beside the tests.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.abspath(os.path.join(__file__, "../../../build/hypothesis")))
import hypothesis  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test  # noqa: E402

import census  # noqa: E402
from commands import Command, Kill, OwnStack, Release, Steady, at_once, hold
from promises import BODY, MODELS, Promises
from stack import wait_until

ROUNDS = int(os.environ.get("ROUNDS", "20"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
STEPS = 4  # rounds of one stack
SETTLED = 40  # seconds until what was killed has ended and what was told to start serves, on a busy machine
SPREAD = 1500  # ms within which commands begin
LIFE = 4000  # ms within which they are killed: longer than any takes on an idle machine

# What operators type, typing errors included; those that take the service away on purpose are not harmless.
HARMLESS = [Command(words, variables=variables) for words, variables in (
    (("up",), ()), (("up",), (("PORT", "70000"),)), (("restart",), ()), (("restart",), (("APPCORE_MAX_BODY", "1000000"),)),
    (("restart",), (("APPCORE_REQUEST_TIMEOUT", "020"),)), (("restart",), (("LOG_LEVEL", "loud"),)),
    (("restart",), (("APPCORE_BIN_DIR", "/nowhere"),)), (("scale", "1"), ()), (("scale", "3"), ()), (("scale", "02"), ()),
    (("scale", "08"), ()), (("scale", "x"), ()), (("scale",), (("WORKERS", "0x2"),)), (("reopen",), ()), (("status",), ()),
    (("health",), ()), (("check",), ()), (("drain",), ()), (("undrain",), ()), (("renew",), ()), (("key", "new", "one"), ()),
    (("key", "revoke", "one"), ()), (("key", "new", "two", "500"), ()), (("key", "revoke", "two"), ()), (("model", MODELS[0]), ()),
    (("model", MODELS[1]), ()), (("model", "nowhere.txt"), ()), (("model", "--rollback"), ()))]
HARMFUL = [Command(("down",)), Command(("down",)), Command(("run",))]

kills = st.builds(Kill, st.sampled_from([signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP]),
                  st.integers(0, LIFE), st.booleans())


@st.composite
def commands(draw, kinds):
    found = draw(st.sampled_from(kinds))
    # Only a signal ends `run`.
    kill = draw(kills if found.words == ("run",) else st.none() | kills)
    return Command(found.words, draw(st.integers(0, SPREAD)), kill, found.variables)


def few(kinds, most=3, least=1):
    return st.lists(commands(kinds), min_size=least, max_size=most)


# Accidents to one process: (kind of process, signal or seconds that it is stopped, whether requests may be lost).
ACCIDENTS = [("appcore-worker", signal.SIGKILL, False), ("appcore-worker", signal.SIGTERM, False), ("appcore-worker", 1, False),
             ("appcore-metrics", signal.SIGKILL, False), ("supervisord", 2, False), ("master", 2, False), ("nginx", 1, False),
             ("nginx", signal.SIGKILL, True), ("master", signal.SIGKILL, True), ("master", signal.SIGTERM, True),
             ("supervisord", signal.SIGKILL, True), ("supervisord", signal.SIGTERM, True), ("supervisord", signal.SIGSTOP, True)]


def while_it_runs(step):
    """A step of a machine that has a stack. One that has none draws the same all the same and does nothing: Hypothesis takes a
    machine whose possible steps depend on how many rounds there were before for a flaky one."""
    @functools.wraps(step)
    def maybe(self, **drawn):
        if self.stack is not None:
            step(self, **drawn)
    return maybe


class Operations(RuleBasedStateMachine):
    rounds = asked = 0  # of all stacks
    has_failed = False

    def __init__(self):
        super().__init__()
        self.stack = None
        self.history = []

    def teardown(self):
        if self.stack is None:
            return
        self.load.stop()
        Operations.asked += self.load.asked
        try:
            code, text = self.said("down")
            assert code == 0, f"down says {text!r}"
            assert wait_until(lambda: not self.members(), 20), f"down has left {self.members()}"
        finally:
            for pid in census.members(self.stack.run_dir, self.stack.port):
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.stack.base, ignore_errors=True)

    # --- looking ----------------------------------------------------------------------------------

    def members(self):
        return [str(p) for p in census.members(self.stack.run_dir, self.stack.port).values()]

    def problems(self):
        found = census.problems(self.stack.run_dir, self.stack.port)
        return found or ([] if self.stack.is_healthy() else ["/health does not answer 200"]) or self.left_drained()

    def left_drained(self):
        """By a stop that was killed: nobody has asked for that."""
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.stack.run_dir, "drained"), encoding="ascii") as file:
            if file.read().startswith("stop "):
                return ["it is drained by a stop that has ended"]
        return []

    def run(self, *some, faults=()):
        done = at_once(self.stack, some, self.releases[-1].ctl, faults)
        self.promises.heard(done, undisturbed=not faults)
        return done

    def said(self, *words):
        """A command alone: its exit code and text."""
        done, = self.run(Command(words))
        return done.finish()

    def look_for_broken_promises(self, found):
        found[:] = self.promises.broken(self.said("status")[1], self.said("model")[1])
        return found

    def requests_are_answered(self):
        if self.safe_since is not None:
            lost = self.load.failures(self.safe_since)
            assert not lost, f"lost requests: {lost}"

    def settle(self):
        """The promise. Afterwards a stack serves, whatever was before."""
        wait_until(lambda: not self.problems() or not self.members(), SETTLED)
        end = time.monotonic() + SETTLED
        while True:
            problems, (code, said), members = self.problems(), self.said("status"), self.members()
            # Something may have ended between the two looks, or just come back.
            if (code == 0) == (not problems) or time.monotonic() > end:
                break
        assert (code == 0) == (not problems), f"status exits with {code} and says {said!r}, although {problems or 'all is well'}"
        if problems:
            # Not running is not the same as running badly, for an operator and for systemd.
            assert code != 3 or not members, f"status says {said!r}, and there are {members}"
            code, text = self.said("up")
            assert code == 0, f"after {said!r} and {problems} up says {text!r}"
            wait_until(lambda: not self.problems(), SETTLED)
            assert not self.problems(), f"after {text!r} there are {self.problems()}"
        if self.safe_since is None:
            self.promises.forget()
        broken = []
        assert wait_until(lambda: not self.look_for_broken_promises(broken), SETTLED), broken
        Operations.rounds += 1
        self.requests_are_answered()
        self.safe_since = time.monotonic()

    # --- rounds -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def round(self, *what):
        """One of them, then the promise. A second run may not fail in the same way, so what happened is told at once."""
        self.history.append(" ".join(map(str, what)))
        try:
            yield
            self.settle()
        except Exception as error:
            Operations.has_failed = True
            print("\n".join([f"FAILED, {self.stack.run_dir}:", *self.history, f"{type(error).__name__}: {error}"]), flush=True)
            raise

    @initialize(first=few(HARMLESS[:1] * 3 + HARMFUL), with_keys=st.booleans(), with_tls=st.booleans())
    def start(self, first, with_keys, with_tls):
        if Operations.rounds >= ROUNDS and not Operations.has_failed:
            return  # enough; the machine's remaining runs do nothing
        self.stack = OwnStack(WORKERS="2", APPCORE_DRAIN_SECONDS="1")
        self.releases = [Release(self.stack.base, "release-0")]
        self.promises = Promises(self.stack, with_keys, with_tls)
        self.load = Steady(self.stack, BODY, self.promises.headers)
        self.safe_since = None  # from when on each request has to be answered
        with self.round("start", f"{with_keys=} {with_tls=}", *first):
            self.run(*first)

    @rule(some=few(HARMLESS, least=2))
    @while_it_runs
    def change_it(self, some):
        with self.round("change_it", *some):
            self.run(*some)

    @rule(some=few(HARMLESS + HARMFUL * 5, least=2))
    @while_it_runs
    def change_and_stop_it(self, some):
        with self.round("change_and_stop_it", *some):
            self.harm()
            self.run(*some)

    @rule(some=few([*HARMLESS, *[Command(("renew",))] * 10], 2))
    @while_it_runs
    def renew_the_certificate(self, some):
        with self.round("renew_the_certificate", *some):
            self.promises.change_certificate()
            self.run(*some)

    @rule(accident=st.sampled_from(ACCIDENTS), which=st.integers(0, 100), at=st.integers(0, LIFE), some=few(HARMLESS, 2, 0))
    @while_it_runs
    def accident(self, accident, which, at, some):
        program, what, harmful = accident

        def happen():
            if pids := census.pids(self.stack.run_dir, self.stack.port, program):
                if isinstance(what, signal.Signals):
                    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                        os.kill(pids[which % len(pids)], what)
                else:
                    hold(pids[which % len(pids)], what)

        with self.round("accident", program, what, which, at, *some):
            if harmful:
                self.harm()
            self.run(*some, faults=[(at if some else 0, happen)])

    @rule(which=st.none() | st.integers(0, 100), at=st.integers(0, LIFE), some=few(HARMLESS + HARMFUL, 2, 0))
    @while_it_runs
    def remove_files(self, which, at, some):
        """All of RUN_DIR, or anything in it."""
        def happen():
            path = self.stack.run_dir
            with contextlib.suppress(FileNotFoundError):  # a command has removed it meanwhile
                if which is not None and (names := sorted(os.listdir(path))):
                    path = os.path.join(path, names[which % len(names)])
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    os.unlink(path)

        with self.round("remove_files", which, at, *some):
            self.harm()
            self.run(*some, faults=[(at if some else 0, happen)])

    @rule(kill=st.none() | kills)
    @while_it_runs
    def replace_the_release(self, kill):
        """An operator unpacks a new version, restarts there, and removes the old one."""
        with self.round("replace_the_release", kill):
            self.releases.append(Release(self.stack.base, f"release-{Operations.rounds}"))
            done, = self.run(Command(("restart",), kill=kill))
            code, said = done.finish()
            if code == 0:
                for old in self.releases[:-1]:
                    old.remove()
                del self.releases[:-1]
                for program in ("appcore-worker", "appcore-metrics"):
                    # A restart does not wait for the metrics program, whose socket is open.
                    found = wait_until(lambda name=program: census.pids(self.stack.run_dir, self.stack.port, name), SETTLED)
                    assert found, f"{program} does not run"
                    os.kill(found[0], signal.SIGKILL)
            else:
                assert done.killed, f"restart says {said!r}"

    def harm(self):
        """From here on requests may be lost, but not before."""
        self.requests_are_answered()
        self.safe_since = None


class OperationsTest(unittest.TestCase):
    def test_commands_and_accidents_at_once_end_in_one_whole_stack_or_none(self):
        print(f"SEED={SEED}", flush=True)
        by_hand = ROUNDS > 100
        phases = [hypothesis.Phase.generate] + ([hypothesis.Phase.shrink] if by_hand else [])
        settings = hypothesis.settings(max_examples=ROUNDS, stateful_step_count=STEPS, deadline=None, database=None,
                                       phases=phases, print_blob=False, suppress_health_check=list(hypothesis.HealthCheck))
        try:
            run_state_machine_as_test(hypothesis.seed(SEED)(Operations), settings=settings)
        finally:
            print(f"{Operations.rounds} rounds, {Operations.asked} requests", flush=True)


if __name__ == "__main__":
    unittest.main()
