"""/docs and /redoc in a browser that reaches nobody else, and where their files are not installed."""

import base64
import gzip
import hashlib
import os
import re
import tempfile
import unittest
from urllib.parse import urlsplit

from devtools import Tab
from stack import ROOT, Stack, StackTest, wait_until

FILES = os.path.join(ROOT, "build", "docs-ui")
PAGES = {"/docs": "Practical Production Service - Swagger UI",
         "/redoc": "Practical Production Service - ReDoc",
         "/docs/oauth2-redirect": "Swagger UI: OAuth2 Redirect"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".txt": "text/plain; charset=utf-8"}
PREFLIGHT = [("Origin", "http://a.example"), ("Access-Control-Request-Method", "PUT")]


def files_of(page):
    """Paths that a page names, with their queries."""
    return re.findall(r'(?:src|href)="(/-/docs/[^"]+)"', page.body.decode())


class Docs(StackTest):
    def only_ours(self, tab):
        """Nothing was asked of anybody else, nor did the page want to."""
        asked = {urlsplit(url).netloc for url in tab.requests if urlsplit(url).scheme not in ("data", "blob")}
        self.assertEqual(asked, {f"127.0.0.1:{self.stack.port}"})
        self.assertEqual(tab.complaints, [])

    # --- in a browser ---------------------------------------------------------------------------

    def test_a_prediction_is_sent_from_the_page(self):
        with Tab() as tab:
            tab.open(self.stack.url + "/docs")
            tab.wait_for("document.querySelectorAll('.opblock').length == 3")
            tab.click("#operations-default-predict_predict_post .opblock-summary-control")
            tab.click(".try-out__btn")
            # React hears of a value only by the element's own setter and an event.
            tab.wait_for("!!document.querySelector('.body-param textarea')")
            tab.evaluate("""(() => {
                const field = document.querySelector('.body-param textarea');
                Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')
                    .set.call(field, '{"features": [1.25, 2.5, 9]}');
                field.dispatchEvent(new Event('input', {bubbles: true}));
            })()""")
            tab.click(".execute")
            tab.wait_for("!!document.querySelector('.live-responses-table .response-col_status')")
            reply = tab.evaluate("document.querySelector('.live-responses-table').innerText")
            self.only_ours(tab)
        self.assertIn("201", reply)
        self.assertIn('"result": 4.25', reply)
        self.assertEqual(self.stack.count("http_requests_total", method="POST", endpoint="/predict",
                                          status_code="201"), 1)

    def test_redoc_shows_the_operations(self):
        with Tab() as tab:
            tab.open(self.stack.url + "/redoc")
            tab.wait_for("document.querySelectorAll('[data-section-id^=\"operation/\"]').length == 3")
            text = tab.text()
            for shown in ("Predict", "/predict", "Health Check", "/health", "/version", "features"):
                self.assertIn(shown, text)
            self.assertNotIn("not installed", text)
            self.only_ours(tab)

    def test_the_redirect_page_runs_its_script(self):
        with Tab() as tab:
            tab.open(self.stack.url + "/docs/oauth2-redirect")
            # Without the page that opened it the script can only fail, in its own words.
            self.assertTrue(any("oauth2-redirect.js" in url for url in tab.requests))
            self.assertFalse(any("Refused" in text for text in tab.complaints), tab.complaints)

    # --- the pages ------------------------------------------------------------------------------

    def test_pages_are_html_for_get_and_head(self):
        for path, title in PAGES.items():
            with self.subTest(path=path):
                page = self.stack.get(path)
                self.assertEqual((page.status, page.get("Content-Type")), (200, "text/html; charset=utf-8"))
                self.assertIn(f"<title>{title}</title>", page.body.decode())
                head = self.stack.request("HEAD", path)
                self.assertEqual((head.status, head.body), (200, b""))
                self.assertEqual(head.get("Content-Length"), str(len(page.body)))

    def test_the_policy_allows_the_one_script_of_the_page(self):
        page = self.stack.get("/docs")
        script, = re.findall(r"<script>(.*?)</script>", page.body.decode(), re.DOTALL)
        policy = page.get("Content-Security-Policy")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self.assertIn(f"script-src 'self' 'sha256-{digest}';", policy)
        self.assertIn("default-src 'none';", policy)

    # --- the files ------------------------------------------------------------------------------

    def test_the_files_of_the_pages_are_served(self):
        paths = [path for page in PAGES for path in files_of(self.stack.get(page))]
        self.assertEqual(len(paths), 6, paths)
        for path in paths:
            with self.subTest(path=path):
                name = path.split("?")[0].rpartition("/")[2]
                with gzip.open(os.path.join(FILES, name + ".gz")) as file:
                    content = file.read()
                reply = self.stack.request("GET", path, headers=[("X-Request-ID", "mine")])
                self.assertEqual((reply.status, reply.body), (200, content))
                self.assertEqual(reply.get("Content-Type"), TYPES[os.path.splitext(name)[1]])
                self.assertEqual(reply.get("X-Request-ID"), "mine")
                self.assertRegex(reply.get("Cache-Control"), r"max-age=\d{6}")
                self.assertEqual(reply.get("X-Content-Type-Options"), "nosniff")
                head = self.stack.request("HEAD", path)
                self.assertEqual((head.status, head.body), (200, b""))
                self.assertEqual(head.get("Content-Type"), reply.get("Content-Type"))
                small = self.stack.get(path, [("Accept-Encoding", "gzip")])
                self.assertEqual(small.get("Content-Encoding"), "gzip")
                self.assertEqual(gzip.decompress(small.body), content)
                self.assertEqual(small.get("Vary"), "Accept-Encoding")
                fresh = self.stack.get(path, [("If-None-Match", small.get("ETag"))])
                self.assertEqual(fresh.status, 304)

    def test_a_file_that_is_not_the_one_asked_for_is_refused(self):
        path = "/-/docs/swagger-ui.css"
        current = self.stack.get(path, [("Accept-Encoding", "gzip")])
        before = self.stack.count("http_requests_total")
        for name, other, own in (("If-Match", '"other"', current.get("ETag")),
                                 ("If-Unmodified-Since", "Wed, 21 Oct 2015 07:28:00 GMT", current.get("Last-Modified"))):
            for method in ("GET", "HEAD"):
                for encoding in ("identity", "gzip"):
                    with self.subTest(condition=name, method=method, encoding=encoding):
                        headers = [("Accept-Encoding", encoding), ("X-Request-ID", "condition")]
                        reply = self.stack.request(method, path, headers=[(name, other), *headers])
                        self.assertEqual((reply.status, reply.get("Content-Type")), (412, "application/json"))
                        self.assertEqual(reply.body, b'{"detail":"Precondition Failed"}' if method == "GET" else b"")
                        self.assertEqual(reply.get("X-Request-ID"), "condition")
                        # nginx ends the connection.
                        self.assertEqual(reply.get("Connection"), "close")
                        self.assertEqual(self.stack.request(method, path, headers=[(name, own), *headers]).status, 200)
        self.assertTrue(wait_until(lambda: len(self.stack.logged("access", request_id="condition", status_code=412)) == 8))
        self.assertEqual(self.stack.count("http_requests_total"), before)

    def test_what_is_not_a_file_is_answered_as_any_unknown_path(self):
        for method, path in (("GET", "/-/docs/"), ("GET", "/-/docs"), ("GET", "/-/docs/nope.js"),
                             ("GET", "/-/docs/../../npm/lock"), ("GET", "/-/docs/%2e%2e/npm/lock"),
                             ("POST", "/-/docs/swagger-ui.css"), ("OPTIONS", "/-/docs/swagger-ui.css"),
                             ("GET", "/-/docs/swagger-ui.css/")):
            with self.subTest(method=method, path=path):
                reply = self.stack.request(method, path)
                self.assertEqual((reply.status, reply.json()), (404, {"detail": "Not Found"}))
                self.assertIsNotNone(reply.get("X-Request-ID"))
        preflight = self.stack.request("OPTIONS", "/-/docs/swagger-ui.css", headers=PREFLIGHT)
        self.assertEqual((preflight.status, preflight.body), (200, b"OK"))

    def test_files_are_logged_and_not_counted(self):
        before = self.stack.count("http_requests_total")
        self.stack.request("GET", "/-/docs/swagger-ui.css", headers=[("X-Request-ID", "a-file")])
        self.assertTrue(wait_until(lambda: self.stack.logged("access", request_id="a-file")))
        self.assertEqual(self.stack.count("http_requests_total"), before)


class NotInstalled(unittest.TestCase):
    def test_the_page_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(APPCORE_DOCS_UI=os.path.join(folder, "none"))
            self.addCleanup(stack.down)
            stack.up()
            for path in ("/docs", "/redoc"):
                with self.subTest(path=path), Tab() as tab:
                    tab.open(stack.url + path)
                    text = tab.text()
                    self.assertIn("The interactive page is not installed here. make docs-ui", text)
                    self.assertIn("/openapi.json", text)


if __name__ == "__main__":
    unittest.main()
