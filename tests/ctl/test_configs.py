"""nginx's and supervisord's files: every name is filled in, and a machine's parts are cut from the same templates."""

import configparser
import os
import re
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy"))

from ctl import nginx_config, supervisor_config, templates  # noqa: E402
from ctl import place as places  # noqa: E402
from ctl.credentials import Credentials  # noqa: E402
from ctl.messages import CtlError  # noqa: E402
from ctl.place import Place  # noqa: E402
from ctl.settings import Settings  # noqa: E402
from ctl.supervisor_config import MACHINE, OURS, PEER  # noqa: E402
from ctl.values import Endpoint  # noqa: E402

STATUSES = Path(__file__).parents[2] / "src" / "appcore" / "http" / "status.hpp"
LISTEN = Endpoint("127.0.0.1", 80)
PLACE = Place(Path("/run/x"), Path("/var/x"))
VALUES = {"APPCORE_WORKERS": "3", "APPCORE_DRAIN_SECONDS": "2", "APPCORE_REQUEST_TIMEOUT": "30", "APPCORE_MAX_BODY": "1000", "APPCORE_QUEUE": "7",
          "APPCORE_CLIENT_RATE": "0", "APPCORE_CLIENT_CONNECTIONS": "0", "APPCORE_PEERS": "",
          "APPCORE_PEER_LISTEN": "127.0.0.1:9100"}


def settings(**changes):
    return Settings({}, Path("/bin"), {**VALUES, **changes}, "/docs ui", ["10.0.0.0/8"])


def render(**changes):
    return nginx_config.render(PLACE, settings(**changes), LISTEN, Credentials(), access_log="/a.log", error_log="stderr",
                               scripts=PLACE.current)


def sections(text):
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(text)
    return parser


class Found(unittest.TestCase):
    def test_nginx_is_looked_for_where_supervisord_does_whatever_path_the_caller_has(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "nginx")
            program.write_text("#!/bin/sh\necho nginx version: nginx/1.99.3 >&2\n", encoding="ascii")
            program.chmod(0o755)
            with unittest.mock.patch.object(places, "PATH", f"{folder}:/bin"), unittest.mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
                self.assertEqual(nginx_config._version(), (1, 99))


class Nginx(unittest.TestCase):
    def test_no_name_is_left_and_each_setting_has_its_place(self):
        text = render(APPCORE_CLIENT_RATE="5", APPCORE_CLIENT_CONNECTIONS="6")
        self.assertNotIn("${APPCORE", text)
        for directive in ("client_max_body_size 1000;", "max_conns=7;", "allow 10.0.0.0/8; deny all;", "rate=5r/s;",
                          "limit_conn appcore_clients 6;", 'server "unix:/var/x/current/pool.sock"', 'alias "/docs ui/";',
                          "fastcgi_read_timeout 35s;"):
            self.assertIn(directive, text)

    def test_peers_are_addresses_and_one_that_does_not_resolve_is_left_out(self):
        text = render(APPCORE_PEERS="127.0.0.1:9100 no-such-host.invalid:9100")
        self.assertIn("server 127.0.0.1:9100 max_fails=1", text)
        self.assertIn("least_conn;", text)
        self.assertNotIn("no-such-host", text)

    def test_nginx_alone_answers_each_error_with_its_own_status(self):
        text = render()
        errors = set()
        for codes, other in re.findall(r"error_page ([\d ]+?)(?: =(\d*))? /-/error;", text):
            errors |= {other} if other else set(codes.split())
        for codes in re.findall(r"map \S+ \$appcore_status_of_50\d \{(.*?)\n    \}", text, re.DOTALL):
            errors |= set(re.findall(r" ([45]\d\d);", codes))
        alone = dict(re.findall(r"""if \(\$appcore_status = (\d+)\) \{ return \1 '\{"detail":"([^"]+)"\}'; \}""", text))
        reasons = dict(re.findall(r'\{(\d+), "([^"]+)"\}', STATUSES.read_text(encoding="ascii")))
        self.assertEqual(alone, {code: reasons[code] for code in errors - {"500"}})

    def test_a_text_that_would_end_a_directive_is_refused(self):
        with self.assertRaises(CtlError):
            nginx_config.render(PLACE, settings(), LISTEN, None, access_log="/a.log; evil", error_log="stderr",
                                scripts=PLACE.current)

    def test_a_machine_s_parts_have_all_but_what_is_for_a_nginx_of_our_own(self):
        text = render()
        http, server = nginx_config.part_of(text, "http"), nginx_config.part_of(text, "server")
        self.assertIn("upstream appcore_kept", http)
        self.assertIn("location = /metrics", server)
        self.assertIn("listen 127.0.0.1:80", server)
        for part in (http, server):
            self.assertNotRegex(part, r"(?m)^\s*(daemon|pid|worker_\w+|client_body_temp_path|server \{)")
            self.assertEqual(part.count("{"), part.count("}"))

    def test_a_name_that_nobody_knows_is_a_mistake_in_the_template(self):
        with self.assertRaises(CtlError):
            templates.fill_in("${APPCORE_NOTHING}", {})


class Supervisord(unittest.TestCase):
    def test_the_main_file_asks_for_no_more_than_the_limits_allow(self):
        parser = sections(supervisor_config.main_file(PLACE))
        self.assertLessEqual(parser.getint("supervisord", "minfds"), 1024)
        self.assertEqual(parser.get("unix_http_server", "file"), "/run/x/ctl.sock")
        self.assertNotIn("${APPCORE", supervisor_config.main_file(PLACE))

    def test_a_pool_runs_from_its_folder(self):
        parser = sections(supervisor_config.pool_section(Path("/p/blue-7"), "blue", settings(), OURS))
        self.assertEqual(parser.sections(), ["fcgi-program:blue"])
        self.assertEqual(parser.get("fcgi-program:blue", "socket"), "unix:///p/blue-7/pool.sock")
        self.assertIn('"/p/blue-7/launch" appcore-worker --pool blue', parser.get("fcgi-program:blue", "command"))
        self.assertEqual(parser.getint("fcgi-program:blue", "numprocs"), 4)
        self.assertEqual(parser.getint("fcgi-program:blue", "stopwaitsecs"), 35)

    def test_the_pool_for_other_machines_has_no_file_mode(self):
        parser = sections(supervisor_config.pool_section(Path("/p/blue-7"), PEER, settings(), OURS))
        self.assertEqual(parser.get("fcgi-program:peer", "socket"), "tcp://127.0.0.1:9100")
        self.assertFalse(parser.has_option("fcgi-program:peer", "socket_mode"))

    def test_on_a_machine_programs_are_not_root_and_have_names_of_their_own(self):
        for text in (supervisor_config.pool_section(Path("/p/blue-7"), "blue", settings(), MACHINE),
                     supervisor_config.metrics_section(PLACE, MACHINE)):
            parser = sections(text)
            name, = parser.sections()
            self.assertTrue(re.fullmatch("fcgi-program:appcore-(blue|metrics)", name))
            self.assertEqual(parser.get(name, "user"), "appcore")
            self.assertEqual(parser.get(name, "socket_owner"), "appcore:www-data")
            self.assertEqual(parser.get(name, "stdout_logfile"), "/var/log/supervisor/appcore.log")
            self.assertNotIn("${APPCORE", text)


class Files(unittest.TestCase):
    def test_a_file_is_replaced_in_one_step_with_the_mode_that_is_asked_for(self):
        from ctl import place

        with tempfile.TemporaryDirectory() as folder:
            before = os.umask(0o077)
            try:
                path = Path(folder, "file")
                place.write_file(path, "one")
                place.write_file(path, "two")
                place.make_folder(Path(folder, "a"), 0o755)
            finally:
                os.umask(before)
            self.assertEqual((path.read_text(), path.stat().st_mode & 0o777), ("two", 0o644))
            self.assertEqual(Path(folder, "a").stat().st_mode & 0o777, 0o755)
            self.assertEqual(sorted(os.listdir(folder)), ["a", "file"])


if __name__ == "__main__":
    unittest.main()
