"""Starts what appcore is compared with, and an nginx before it; stops it again."""

import glob
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from resources import children
from stack import JSON, ROOT, free_port, wait_until

HERE = os.path.join(ROOT, "tests", "bench", "rivals")
NAMES = ("nginx", "hello", "constant", "php", "fastapi")
# What they have of our nginx.conf: buffers, limits, parameters; not what keeps connections.
SHARED = re.compile(r"^    (?:client_(?!body_temp)|keepalive_|fastcgi_(?!temp_path|keep_conn|param APPCORE_)).*;$", re.MULTILINE)


class Rivals:
    """`workers` processes of each; ports by name."""

    def __init__(self, our_nginx_conf, programs, workers):
        self._dir = tempfile.mkdtemp(prefix="appcore-bench-")
        self._programs = programs
        self._workers = workers
        self._shared = "\n".join(SHARED.findall(our_nginx_conf))
        self._started = {}
        self.ports = {name: free_port() for name in NAMES}

    def __enter__(self):
        try:
            os.mkdir(os.path.join(self._dir, "temp"))
            self._bare("hello")
            self._bare("constant", "read")
            self._php()
            self._uvicorn()
            self._nginx()
            if not wait_until(lambda: all(map(self._answers, self.ports.values())), 20):
                with open(os.path.join(self._dir, "output.log"), encoding="utf-8", errors="replace") as output:
                    raise SystemExit(f"the rivals do not start:\n{output.read()[-4000:]}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes = [process for started in self._started.values() for process in started]
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(self._dir, ignore_errors=True)

    def pids(self, name):
        """The processes behind nginx that answer for a rival; none where nginx does it itself."""
        started = [process.pid for process in self._started.get(name, [])]
        return started + [pid for parent in started for pid in children(parent)] if name != "nginx" else []

    def nginx_pids(self):
        return children(self._started["nginx"][0].pid)

    def _start(self, name, *command, **options):
        with open(os.path.join(self._dir, "output.log"), "ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
        self._started.setdefault(name, []).append(process)

    def _bare(self, name, *arguments):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(self._dir, name + ".sock"))
            listener.listen(2048)
            for _ in range(self._workers):
                self._start(name, os.path.join(self._programs, "bare"), *arguments, stdin=listener)

    def _php(self):
        user = "user = root\ngroup = root\n" if os.getuid() == 0 else ""
        config = self._render("php-fpm.conf", workers=self._workers, user=user)
        program = sorted(glob.glob("/usr/sbin/php-fpm*"))[-1]
        root = ["--allow-to-run-as-root"] if os.getuid() == 0 else []
        self._start("php", program, *root, "--nodaemonize", "--fpm-config", config)

    def _uvicorn(self):
        # Debian's interpreter: its packages are not another's. The old service had uvicorn's own log on, too.
        self._start("fastapi", "/usr/bin/python3", "-B", "-m", "uvicorn", "--app-dir", HERE, "--workers", str(self._workers),
                    "--loop", "uvloop", "--http", "httptools", "--backlog", "2048",
                    "--uds", os.path.join(self._dir, "uvicorn.sock"), "service:app")

    def _nginx(self):
        user = "user root root;" if os.getuid() == 0 else ""
        config = self._render("nginx.conf", user=user, shared=self._shared, here=HERE, **self.ports)
        self._start("nginx", "nginx", "-e", "stderr", "-c", config)

    def _render(self, name, **values):
        with open(os.path.join(HERE, name), encoding="utf-8") as template:
            text = template.read().format(dir=self._dir, **values)
        path = os.path.join(self._dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @staticmethod
    def _answers(port):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            client.request("POST", "/predict", b'{"features":[1,2,3]}', dict(JSON))
            return client.getresponse().status == 201
        except OSError:
            return False
        finally:
            client.close()
