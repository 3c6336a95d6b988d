"""What tests of API keys share: a stack with keys, every path, and every way to ask without a right to."""

import hashlib
import os
import re
import subprocess
import unittest

from stack import ROOT, Stack

BODY = b'{"features":[1,2]}'
CHALLENGE = 'Bearer realm="appcore"'
OPEN = ("/health", "/ready", "/health?x=/predict", "/ready?", "/health?/../predict")
METHODS = ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MKCOL", "LOCK", "BREW")


def routes():
    """Every path of the service, as its source has them."""
    with open(os.path.join(ROOT, "src/appcore/http/endpoint.hpp"), encoding="utf-8") as file:
        (found,) = re.findall(r"kEndpointPaths = \{([^}]*)\}", file.read())
    return re.findall(r'"(/[^"]*)"', found)


def locations(run_dir):
    """Every path that nginx treats in a way of its own, and one below it."""
    with open(os.path.join(run_dir, "nginx.conf"), encoding="utf-8") as file:
        found = re.findall(r"^ *location (?:= |\^~ )?(/[^ ]*) \{", file.read(), re.MULTILINE)
    return [*found, *(f"{path}/x" for path in found)]


# What is not a route, or one in another spelling.
ODD = ("/", "/nope", "//", "//health", "/health/", "//ready", "/ready/", "/HEALTH", "/%68ealth", "/health%20", "/health%2f", "/health%3f",
       "/health;x", "/health/../predict", "/ready/../metrics", "/./health", "/%2e/health", "/x/../health",
       "/health/..", "/version/", "/metrics/", "/status/", "/predict/", "/predict?x=/health", "/nope?/ready", "/?/health",
       "/-/", "/-/error", "/-/timeout", "/-/docs/", "/-/docs/nope.js", "/-/docs/../predict", "/-/docs/..%2fpredict", "/-/health",
       "/-/error?/health", "/@pool", "/@static", "http://x/predict", "http://x/version", "/docs/", "/redoc/", "/docs/../version",
       "/openapi.json/", "/openapi.json%2f..%2fversion", "/healthz", "/ready2", "/a/health", "/predict/health")


class KeyTest(unittest.TestCase):
    variables = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(WORKERS=1)
        cls.addClassCleanup(cls.stack.down)
        cls.file = os.path.join(cls.stack.base, "keys")
        cls.stack.variables |= {"APPCORE_API_KEYS": cls.file, **{k: str(v) for k, v in cls.variables.items()}}
        cls.gone, cls.key = cls.new("gone"), cls.new("team")
        assert cls.stack.ctl("key", "revoke", "gone").returncode == 0
        cls.prepare()
        cls.stack.up()

    @classmethod
    def prepare(cls):
        """What else has to be there before the start."""

    @classmethod
    def new(cls, name, *rate):
        """A new key: standard output has it and nothing else."""
        done = subprocess.run(["deploy/appcorectl", "key", "new", name, *rate], cwd=ROOT, env=cls.stack.environment(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        return done.stdout.removesuffix("\n")

    @classmethod
    def paths(cls):
        """All but those that are open."""
        found = dict.fromkeys([*routes(), *locations(cls.stack.run_dir), *ODD])
        assert len(found) > 60, found
        return [path for path in found if path not in OPEN]

    @classmethod
    def callers(cls):
        """How one may ask without a right to."""
        key, gone, wrong, sha256 = cls.key, cls.gone, "A" * 43, hashlib.sha256(cls.key.encode()).hexdigest()
        return {
            "no key": [], "a wrong one": [("X-API-Key", wrong)], "a wrong bearer": [("Authorization", f"Bearer {wrong}")],
            "a revoked one": [("X-API-Key", gone)], "a revoked bearer": [("Authorization", f"Bearer {gone}")],
            "its hash": [("X-API-Key", sha256)], "its name": [("X-API-Key", "team")], "name:key": [("X-API-Key", f"team:{key}")],
            "empty": [("X-API-Key", "")], "an empty bearer": [("Authorization", "")], "half a bearer": [("Authorization", "Bearer")],
            "a bearer of nothing": [("Authorization", "Bearer  ")], "no scheme": [("Authorization", key)],
            "another scheme": [("Authorization", f"Basic {key}")], "two in one": [("Authorization", f"Bearer {key} {key}")],
            "two that differ": [("X-API-Key", key), ("Authorization", f"Bearer {wrong}")],
            "two that differ the other way": [("X-API-Key", wrong), ("Authorization", f"Bearer {key}")],
            "a good and an empty one": [("X-API-Key", key), ("Authorization", "")],
            "an empty and a good one": [("X-API-Key", ""), ("Authorization", f"Bearer {key}")],
            "a good one and another scheme": [("X-API-Key", key), ("Authorization", "Basic eDp5")],
            "twice": [("X-API-Key", key), ("X-API-Key", key)], "twice, different": [("X-API-Key", key), ("X-API-Key", wrong)],
            "in capitals": [("X-API-Key", key.swapcase())], "too long": [("X-API-Key", key + "=")], "too short": [("X-API-Key", key[:-1])],
            "huge": [("X-API-Key", "A" * 60000)], "with an underscore": [("X_API_Key", key)], "a cookie": [("Cookie", f"key={key}")],
            "__proto__": [("X-API-Key", "__proto__")],
        }

    def check_all_refused(self, once, paths, callers, methods=METHODS):
        """Each path asks each of these callers for a key, and whoever has none by any of these methods. once() makes a request. Returns
        how many it made."""
        for path in paths:
            for caller, headers in callers.items():
                self.check_refused(once("GET", path, headers), (path, caller))
            for method in methods:
                body = BODY if method in ("POST", "PUT", "PATCH") else None
                self.check_refused(once(method, path, [], body), (path, method), method)
            preflight = [("Origin", "http://o"), ("Access-Control-Request-Method", "POST")]
            self.check_refused(once("OPTIONS", path, preflight), (path, "preflight"))
        return len(paths) * (len(callers) + len(methods) + 1)

    def check_refused(self, reply, what, method="GET"):
        self.assertEqual((reply.status, reply.get("WWW-Authenticate"), reply.get("Content-Type")), (401, CHALLENGE, "application/json"), what)
        self.assertTrue(reply.get("X-Request-ID"), what)
        if method != "HEAD":
            self.assertEqual(reply.json(), {"detail": "Unauthorized"}, what)
