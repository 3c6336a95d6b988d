"""What stands before the service in tests: HAProxy and a second nginx, each on a free port, and clients with an
address of their own."""

import http.client
import os
import socket
import subprocess
import tempfile

from stack import Response, free_port, wait_until

PROXY_ADDRESS = "127.0.0.9"  # from which the fronts ask


class Front:
    """A program that listens on `port` until stop()."""

    def __init__(self, command, config):
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="appcore-front-")
        path = os.path.join(self._folder.name, "front.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(config.replace("@port@", str(self.port)).replace("@folder@", self._folder.name))
        self._process = subprocess.Popen([*command, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_until(lambda: self._listens()):
            self.stop()
            raise AssertionError(f"{command[0]} does not listen")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


def haproxy(target, server_options="", frontend=""):
    """In HTTP mode, before the port `target`."""
    return Front(["haproxy", "-db", "-f"], f"""
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
frontend front
    bind 127.0.0.1:@port@
    {frontend}
    default_backend appcore
backend appcore
    source {PROXY_ADDRESS}
    server one 127.0.0.1:{target} {server_options}
""")


def nginx(target, headers):
    """A second nginx, before the port `target`, that sets these headers."""
    lines = "".join(f"proxy_set_header {name} {value};" for name, value in headers)
    return Front(["nginx", "-e", "stderr", "-c"], f"""
daemon off; pid @folder@/pid; error_log stderr crit; events {{ }}
http {{
    access_log off; client_body_temp_path @folder@/a; proxy_temp_path @folder@/b; fastcgi_temp_path @folder@/c;
    uwsgi_temp_path @folder@/d; scgi_temp_path @folder@/e;
    server {{
        listen 127.0.0.1:@port@;
        location / {{ proxy_pass http://127.0.0.1:{target}; proxy_bind {PROXY_ADDRESS}; proxy_http_version 1.1;
                      proxy_set_header Connection ""; {lines} }}
    }}
}}
""")


def ask(port, path, headers=(), source="127.0.0.1", method="GET", before=b""):
    """One request from the address `source`, after the bytes `before`."""
    with socket.create_connection(("127.0.0.1", port), 30, (source, 0)) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: service.example\r\nConnection: close\r\n"
        connection.sendall(before + (head + "".join(f"{k}: {v}\r\n" for k, v in headers) + "\r\n").encode())
        reply = http.client.HTTPResponse(connection, method=method)
        reply.begin()
        return Response(reply.status, reply.getheaders(), reply.read())
