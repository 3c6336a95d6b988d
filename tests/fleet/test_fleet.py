"""Two fronts, three whole machines: what clients notice when one of them is killed, hangs, is cut off, upgraded or moved.

Each load has ten connections, half of them kept. A limit in seconds is widened by what the client itself was kept waiting
for the processor.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import Load  # noqa: E402
from lab import ADDRESSES, CTL, FLOATING, FRONTS, MACHINES, Lab, wait_until  # noqa: E402

REQUESTS = 5000
UPGRADE_REQUESTS = 10000
BEFORE_FAULT = 1000  # replies
LARGE = 48 * 1024
CONNECTIONS = 10
LATEST = 4.0  # seconds for a reply when a machine fails
GAP = 1.5  # seconds without a reply when a front fails
RELOADS = 10

LAB = Lab()


def start_load(requests, size=12):
    return Load(LAB.enter("client"), f"{FLOATING}:80", requests, size)


def setUpModule():
    unittest.addModuleCleanup(LAB.down)
    LAB.up()


class Fleet(unittest.TestCase):
    def tearDown(self):
        LAB.mend()

    def under_load(self, fault, requests=REQUESTS, size=12):
        """The client's result, with what the machines counted and the fronts repeated; `fault` happens on its way."""
        counted, repeats = LAB.counted(), LAB.repeats()
        load = start_load(requests, size)
        try:
            load.wait_for(BEFORE_FAULT)
            fault()
        finally:
            result = load.result()
        LAB.mend()
        # A HAProxy that was started or reloaded begins at 0.
        result["counted"], result["repeats"] = LAB.counted() - counted, max(LAB.repeats() - repeats, 0)
        print(f"    {self._testMethodName}: {result}", file=sys.stderr, flush=True)
        self.assertGreaterEqual(result["replies"], requests)
        # Whatever was answered is counted; what is counted beyond that was repeated, or its reply has not arrived.
        self.assertLessEqual(result["replies"], result["counted"])
        self.assertLessEqual(result["counted"], result["replies"] + result["repeats"] + result["failed"])
        return result

    def check(self, result, failed=0):
        self.assertLessEqual(result["failed"], failed)
        self.assertLess(result["slowest"], LATEST + result["stall"])

    # --- a machine ------------------------------------------------------------------------------------

    def test_no_small_request_fails_when_a_machine_is_killed(self):
        self.check(self.under_load(lambda: LAB.signal_all("m1", signal.SIGKILL)))

    def test_no_small_request_fails_when_a_machine_hangs(self):
        self.check(self.under_load(lambda: LAB.signal_all("m2", signal.SIGSTOP)))

    def test_no_small_request_fails_when_a_machine_is_cut_off(self):
        self.check(self.under_load(lambda: LAB.cable("m3", "down")))

    def test_no_large_request_fails_when_a_machine_is_killed_and_another_time_cut_off(self):
        self.check(self.under_load(lambda: LAB.signal_all("m1", signal.SIGKILL), size=LARGE))
        self.check(self.under_load(lambda: LAB.cable("m2", "down"), size=LARGE))

    # --- commands -------------------------------------------------------------------------------------

    def test_draining_a_machine_ends_new_requests_there_and_repeats_none(self):
        def drain():
            LAB.ctl("m1", "drain")
            wait_until(lambda: {LAB.states()[front, "m1"] for front in FRONTS} == {"NOLB"}, "both fronts see that m1 drains")

        result = self.under_load(lambda: (drain(), LAB.ctl("m1", "undrain")))
        self.check(result)
        self.assertEqual(result["repeats"], 0)

    def upgrade(self, command="restart"):
        path = LAB.list_of_machines(command)
        return subprocess.run([*LAB.enter("client"), CTL, "fleet", "upgrade", path], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)

    def pools(self):
        return [re.search(r"the pool (\w+)", LAB.ctl(name, "status"))[1] for name in MACHINES]

    def test_no_request_fails_while_all_machines_are_upgraded_one_after_the_other(self):
        before, done = self.pools(), []
        result = self.under_load(lambda: done.append(self.upgrade()), UPGRADE_REQUESTS)
        self.assertEqual(done[0].returncode, 0, done[0].stdout)
        self.assertIn("m3: upgraded, 3 of 3", done[0].stdout)
        self.assertTrue(all(old != new for old, new in zip(before, self.pools())))
        self.check(result)
        self.assertEqual(result["counted"], result["replies"] + result["repeats"])

    def test_an_upgrade_stops_at_the_first_machine_that_fails_and_the_others_serve(self):
        done = []

        def upgrade_twice():
            done.append(self.upgrade("echo no such version; false"))
            done.append(self.upgrade())
            LAB.ctl("m1", "undrain")

        self.check(self.under_load(upgrade_twice))
        self.assertEqual([one.returncode for one in done], [1, 1])
        self.assertIn("m1: 'echo no such version; false' failed: no such version; not upgraded yet: m2, m3", done[0].stdout)
        self.assertIn("but m1 is drained", done[1].stdout)

    def test_no_request_fails_when_haproxy_is_reloaded(self):
        def reload():
            for _ in range(RELOADS // len(FRONTS)):
                for front in FRONTS:
                    LAB.reload_haproxy(front)

        result = self.under_load(reload)
        self.check(result)

    # --- a front --------------------------------------------------------------------------------------

    def test_a_front_that_is_cut_off_costs_what_was_on_its_way(self):
        (holder,) = LAB.holders()
        result = self.under_load(lambda: LAB.cable(holder, "down"))
        self.assertLessEqual(result["failed"], CONNECTIONS)
        self.assertLess(result["gap"], GAP + result["stall"])
        self.assertNotEqual(LAB.holders(), [holder])

    def test_a_planned_move_costs_no_request(self):
        (holder,) = LAB.holders()
        self.check(self.under_load(lambda: LAB.move_address(holder)))
        self.assertNotEqual(LAB.holders(), [holder])

    def test_a_front_whose_haproxy_is_killed_gives_the_address_away(self):
        (holder,) = LAB.holders()
        result = self.under_load(lambda: LAB.kill_haproxy(holder))
        self.assertLess(result["gap"], LATEST + result["stall"])
        self.assertNotEqual(LAB.holders(), [holder])

    # --- what may be seen -----------------------------------------------------------------------------

    def test_machines_log_the_clients_address_and_believe_only_the_fronts(self):
        self.assertEqual(start_load(100).result()["failed"], 0)
        logs = [pathlib.Path(LAB.folder, name, "log/appcore.log") for name in MACHINES]
        wait_until(lambda: all(f'"client":"{ADDRESSES["client"]}"' in log.read_text() for log in logs), "the client is in each log")
        stranger = subprocess.run([*LAB.enter("client"), "curl", "-s", "-m", "5", "--haproxy-protocol", "-o", os.devnull, "-w", "%{http_code}",
                                   f"http://{ADDRESSES['m1']}:8001/health"], text=True, stdout=subprocess.PIPE, check=False)
        self.assertEqual(stranger.stdout, "403")

    def test_a_front_shows_statistics_to_itself_and_metrics_to_prometheus(self):
        def get(url):
            return subprocess.run([*LAB.enter("client"), "curl", "-s", "-m", "5", url], text=True, stdout=subprocess.PIPE, check=False)

        self.assertNotEqual(get(f"http://{ADDRESSES['l1']}:8404/").returncode, 0)
        self.assertIn('haproxy_server_retry_warnings_total{proxy="appcore",server="m1"}', get(f"http://{ADDRESSES['l1']}:8405/metrics").stdout)
        self.assertNotIn("haproxy", get(f"http://{ADDRESSES['l1']}:8405/").stdout)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        unittest.main(verbosity=2)
    finally:
        LAB.down()  # also after Ctrl-C, of which unittest's cleanups know nothing
