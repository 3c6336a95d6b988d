"""Chromium with a page that a test acts on, by its DevTools protocol over a pair of pipes."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds; a page takes one or two


class Tab:
    """One page. `requests` are the addresses it asked for, `complaints` what its console says."""

    def __init__(self, size=(1280, 1600)):
        self.folder = tempfile.mkdtemp(prefix="appcore-tab-")
        read_end, self.to_browser = os.pipe()
        self.from_browser, write_end = os.pipe()
        # No name is looked up, so that whatever the page wants from elsewhere fails and is seen.
        # The protocol's descriptors are 3 and 4; a shell moves them there. dash knows descriptors up to 9 only.
        self.browser = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{read_end} 4>&{write_end}; exec "$@"', "bash", "chromium",
             "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
             f"--window-size={size[0]},{size[1]}", f"--user-data-dir={self.folder}",
             "--remote-debugging-pipe", "about:blank"],
            pass_fds=(read_end, write_end), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_end)
        os.close(write_end)
        self.unread, self.last_id, self.session = b"", 0, None
        self.requests, self.complaints = [], []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.kill()
        self.browser.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        shutil.rmtree(self.folder, ignore_errors=True)

    def message(self, end):
        while b"\0" not in self.unread:
            if not select.select([self.from_browser], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("Chromium says nothing")
            data = os.read(self.from_browser, 1 << 20)
            if not data:
                raise AssertionError("Chromium has ended")
            self.unread += data
        text, _, self.unread = self.unread.partition(b"\0")
        return json.loads(text)

    def note(self, event):
        method, told = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"]["text"])

    def call(self, method, **params):
        """What the browser answers; events that come meanwhile are noted."""
        self.last_id += 1
        order = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            order["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(order).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            message = self.message(end)
            if message.get("id") == self.last_id:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page; that of a promise when there is one."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, expression):
        """The first true value of the expression."""
        end = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                text = self.evaluate("document.body.innerText")
                raise AssertionError(f"never true: {expression}\n{text}\n{self.complaints}")
            time.sleep(0.05)
        return value

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait_for(f"location.href == {json.dumps(url)} && document.readyState == 'complete'")

    def look(self, width, scheme="light", height=844):
        """Makes the window as wide as that, and the user's preference "light" or "dark"."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 700)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def text(self):
        """What the page shows; nothing while it is being loaded."""
        return self.evaluate("document.body?.innerText ?? ''")

    def click(self, selector):
        """Clicks on the first such element as soon as it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"!!{found}")
        self.evaluate(f"{found}.click()")
