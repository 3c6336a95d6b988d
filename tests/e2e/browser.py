"""Opens pages in headless Chromium, and serves one page with any answer that a test wants."""

import http.server
import os
import re
import shutil
import subprocess
import tempfile
import threading
from html.parser import HTMLParser

PHONE = (360, 740)
DESKTOP = (1280, 800)
LOADED = 5000  # milliseconds of the page's time: its script has fetched twice by then
CONSOLE = re.compile(r":CONSOLE[(:]")


class Page(HTMLParser):
    """A document after its scripts have run: what stands where, by data-value, id and class."""

    def __init__(self, document):
        super().__init__()
        self.open = []
        self.values = {}
        self.texts = {}
        self.attributes = {}
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.attributes.setdefault(tag, []).append(named)
        if tag not in ("meta", "link", "br"):
            self.open.append((tag, named))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not data.strip() or any(tag == "template" for tag, _ in self.open):
            return
        for _, named in self.open:
            if "id" in named:
                self.texts[named["id"]] = self.texts.get(named["id"], "") + data
        if self.open and "data-value" in self.open[-1][1]:
            self.values.setdefault(self.open[-1][1]["data-value"], []).append(data)

    def value(self, pointer):
        """The only text at `pointer`."""
        found, = self.values[pointer]
        return found


class Browser:
    """Chromium with a profile of its own."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="appcore-browser-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, url, size, *options):
        """(standard output, console messages)"""
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={self.folder}/profile",
             f"--window-size={size[0]},{size[1]}", f"--virtual-time-budget={LOADED}",
             "--enable-logging=stderr", *options, url],
            text=True, errors="replace", timeout=120, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stdout, [line for line in done.stderr.splitlines() if CONSOLE.search(line)]

    def open(self, url, size=PHONE):
        """(Page, console messages)"""
        document, console = self.run(url, size, "--dump-dom")
        return Page(document), console

    def screenshot(self, url, size=PHONE):
        """A PNG file's bytes."""
        path = os.path.join(self.folder, "page.png")
        self.run(url, size, f"--screenshot={path}")
        with open(path, "rb") as file:
            return file.read()


class OnePage:
    """A server that has one page with its headers, and `answer`, (status, body), for JSON."""

    def __init__(self, page, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_json = self.headers.get("Accept") == "application/json"
                status, body = answer if is_json else (200, page.body)
                self.send_response(status)
                for name in ("Content-Security-Policy", "X-Content-Type-Options"):
                    self.send_header(name, page.get(name))
                self.send_header("Content-Type", "application/json" if is_json else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/status"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
