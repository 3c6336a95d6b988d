"""The page of /status in a browser: it refreshes itself, without a script it is complete, and everybody can read it."""

import base64
import contextlib
import hashlib
import http.server
import os
import re
import signal
import threading
from urllib.parse import urlsplit

from devtools import Tab
from stack import ROOT, StackTest, stop_process, wait_until

WORKERS = 2
HTML = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
AXE = os.path.join(ROOT, "build", "npm", "axe", "node_modules", "axe-core", "axe.min.js")
PHONE, DESKTOP = 390, 1280
REFRESHED = "document.getElementById('note').textContent == 'Refreshed every 2 s.'"
TOTAL = "Number(document.querySelector('.facts section:last-child dd').textContent)"


class Site:
    """What a server answers until the test changes it: to loading the page, and to the page's script."""

    def __init__(self, page):
        self.page, self.status, self.for_script = page, 200, page
        self.loads = 0


@contextlib.contextmanager
def server_of(site):
    """The address of a server."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            is_load = self.headers.get("Sec-Fetch-Mode") == "navigate"
            site.loads += is_load
            status, page = (200, site.page) if is_load else (site.status, site.for_script)
            self.send_response(status)
            for name in ("Content-Security-Policy", "Content-Type"):
                self.send_header(name, page.get(name))
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/status"
    finally:
        server.shutdown()
        server.server_close()


class Page(StackTest):
    variables = {"WORKERS": WORKERS}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = f"{cls.stack.url}/status"
        cls.tab = Tab()
        cls.addClassCleanup(cls.tab.__exit__)

    def setUp(self):
        self.tab.look(PHONE)
        self.tab.call("Emulation.setScriptExecutionDisabled", value=False)
        self.tab.open("about:blank")
        self.tab.requests.clear()
        self.tab.complaints.clear()

    def page(self):
        reply = self.stack.get("/status", HTML)
        self.assertEqual((reply.status, reply.get("Content-Type")), (200, "text/html; charset=utf-8"))
        return reply

    # --- what it may do -------------------------------------------------------------------------

    def test_the_policy_allows_just_the_pages_own_style_and_script(self):
        page = self.page()
        allowed = dict(directive.split(" ", 1) for directive in page.get("Content-Security-Policy").split("; "))
        self.assertEqual(allowed["default-src"], "'none'")
        for tag in ("style", "script"):
            content, = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page.body.decode(), re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            self.assertEqual(allowed[f"{tag}-src"], f"'sha256-{digest}'")

    # --- refreshes ------------------------------------------------------------------------------

    def test_new_numbers_come_without_loading_the_page_again(self):
        self.tab.open(self.url)
        self.tab.wait_for(REFRESHED)
        before = self.tab.evaluate(TOTAL)
        self.tab.evaluate("""(() => {
            window.row = document.querySelector('.workers tbody tr');
            getSelection().selectAllChildren(row.querySelector('th'));
        })()""")
        self.assertEqual(self.stack.predict({"features": [1]}).status, 201)
        self.tab.wait_for(f"{TOTAL} > {before}")
        self.assertTrue(self.tab.evaluate("row.isConnected"))
        self.assertEqual(self.tab.evaluate("String(getSelection())"), "blue-01")
        self.assertEqual({urlsplit(url).netloc for url in self.tab.requests if not url.startswith("data:")},
                         {f"127.0.0.1:{self.stack.port}"})
        self.assertEqual(self.tab.complaints, [])

    def later(self, page):
        """The page without a worker that it has, by its title a later one."""
        later = self.page()
        later.body, removed = re.subn(rb"<tr[^>]*>\s*<th[^>]*>blue-02<.*?</tr>\s*", b"", page.body, flags=re.DOTALL)
        self.assertEqual(removed, 1)
        later.body = later.body.replace(b"<title>", b"<title>Later: ")
        return later

    def test_what_the_page_has_no_more_goes_and_its_title_changes(self):
        page = self.page()
        site = Site(page)
        with server_of(site) as url:
            self.tab.open(url)
            self.tab.wait_for(REFRESHED)
            self.assertIn("blue-02", self.tab.text())
            site.for_script = self.later(page)
            self.tab.wait_for("document.title.startsWith('Later: ')")
            self.assertNotIn("blue-02", self.tab.text())

    def test_who_comes_back_to_the_tab_sees_new_numbers(self):
        page = self.page()
        site = Site(page)
        with server_of(site) as url:
            self.tab.open(url)
            self.tab.wait_for(REFRESHED)
            # Hidden, as the page can see it; it looks at the end of each refresh.
            self.tab.evaluate("""(() => {
                window.looks = 0;
                Object.defineProperty(document, 'hidden', {configurable: true, get: () => { ++looks; return true; }});
            })()""")
            self.tab.wait_for("looks > 0")
            site.for_script = self.later(page)
            self.tab.evaluate("""(() => {
                delete document.hidden;
                document.dispatchEvent(new Event('visibilitychange'));
            })()""")
            self.tab.wait_for("document.title.startsWith('Later: ')")

    def test_it_can_be_paused(self):
        self.tab.open(self.url)
        self.tab.wait_for(REFRESHED)
        self.tab.click("#pause")
        self.tab.wait_for("document.getElementById('note').textContent.startsWith('Paused at ')")
        shown = self.tab.evaluate("document.getElementById('as-of').textContent")
        self.tab.click("#pause")
        self.tab.wait_for(f"document.getElementById('as-of').textContent != '{shown}'")
        self.tab.wait_for(REFRESHED)

    def test_it_says_that_it_cannot_refresh_and_keeps_the_last_numbers(self):
        page = self.page()
        as_of = re.search(r"<time id=\"as-of\"[^>]*>([^<]*)<", page.body.decode())[1]
        for status, other, reason in ((503, page, "status 503"), (200, self.stack.get("/docs", HTML), "that is not the status page")):
            site = Site(page)
            site.status, site.for_script = status, other
            note = f"Cannot refresh ({reason}): the numbers are those of {as_of}."
            with self.subTest(reason), server_of(site) as url:
                self.tab.open(url)
                self.tab.wait_for(f"document.getElementById('note').textContent == '{note}'")
                self.assertTrue(self.tab.evaluate("document.body.classList.contains('old')"))
                self.assertIn("blue-02", self.tab.text())
                site.status, site.for_script = 200, page
                self.tab.wait_for(REFRESHED)
                self.assertFalse(self.tab.evaluate("document.body.classList.contains('old')"))

    def test_a_page_of_another_version_is_loaded_again(self):
        page = self.page()
        other = self.page()
        other.body = other.body.replace(b'<style id="page-style">', b'<style id="page-style">/* newer */')
        site = Site(page)
        with server_of(site) as url:
            self.tab.open(url)
            self.tab.wait_for(REFRESHED)
            self.assertEqual(site.loads, 1)
            site.page = site.for_script = other
            self.assertTrue(wait_until(lambda: site.loads == 2, 60))

    # --- who reads it ---------------------------------------------------------------------------

    def test_without_a_script_it_has_all_numbers_and_says_how_to_get_newer_ones(self):
        self.tab.call("Emulation.setScriptExecutionDisabled", value=True)
        self.tab.call("Page.navigate", url=self.url)
        self.assertTrue(wait_until(lambda: "Since counting began" in self.tab.text(), 60))
        text = self.tab.text()
        for shown in ("Reload for newer numbers.", "The pool ", "blue-02", "p99", "v1.0"):
            self.assertIn(shown, text)
        self.assertNotIn("Pause", text)
        self.assertNotIn("{{", text)

    def test_nothing_is_wider_than_the_window(self):
        self.tab.open(self.url)
        for width in (320, PHONE, 768, DESKTOP):
            self.tab.look(width)
            self.assertLessEqual(self.tab.evaluate("document.documentElement.scrollWidth"), width)

    def violations(self):
        return self.tab.evaluate("""axe.run({preload: false}).then(({violations}) => violations.map(
            ({id, nodes}) => id + ': ' + nodes.map(({html}) => html.slice(0, 200)).join(' ')))""")

    def test_axe_finds_no_violation_in_any_state_of_the_page(self):
        with open(AXE, encoding="utf-8") as file:
            axe = file.read()
        self.stack.predict({"features": [1]})
        pages = [self.page()]
        pids = self.stack.worker_pids()
        for pid in pids:
            stop_process(pid)
        try:
            self.assertTrue(wait_until(lambda: b"The pool cannot predict" in self.page().body, 60))
            pages.append(self.page())
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        for page in pages:
            site = Site(page)
            site.status = 503
            with server_of(site) as url:
                self.tab.open(url)
                self.tab.wait_for("document.body.classList.contains('old')")
                self.tab.evaluate(axe)
                for width in (PHONE, DESKTOP):
                    for scheme in ("light", "dark"):
                        self.tab.look(width, scheme)
                        self.assertEqual(self.violations(), [], (width, scheme))
        self.tab.evaluate("document.documentElement.removeAttribute('lang')")
        self.assertEqual(len(self.violations()), 1)  # so that its silence means something
