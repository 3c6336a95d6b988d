#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to tests/fuzz/seeds/TARGET/.

Most come from the recorded contract, the others are written down here and in model_seeds.py. The files are in the
repository: run this after a change of a target's input format, and commit what it writes. What a
fuzzer found is kept under a name that begins with "found-", which is not touched; neither is compiled_model, whose
seeds are what appcore-model makes of the others.
"""

import glob
import json
import os
import struct
import sys

import model_seeds

HERE = os.path.dirname(os.path.abspath(__file__))
CONTRACT = os.path.join(HERE, "..", "contract")
sys.path.insert(0, CONTRACT)
from contract import spec_bytes  # noqa: E402  (how the recorded cases write down bytes)

LONGEST = 600  # bytes; longer cases teach a fuzzer nothing and slow it down
UNLIMITED = ["slot", "model_source", "import_export", "import_lightgbm", "import_xgboost_json", "import_xgboost_ubjson"]  # written down here
EACH_CLASS = 12  # cases of a class; the fuzzer finds those between them
HEADERS = ["accept", "accept-encoding", "access-control-request-headers", "access-control-request-method",
           "content-type", "cookie", "host", "origin", "x-request-id"]  # http::Header
ENDPOINTS = ["/health", "/version", "/predict", "/docs", "/docs/oauth2-redirect", "/redoc",
             "/openapi.json", "/metrics", "/status"]  # http::Endpoint; then others
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]  # http::Method


def body_of(request):
    return spec_bytes(request.get("body"))


def headers_of(request):
    """{lower-case name: value}; of several headers of one name the first."""
    return {name.lower(): spec_bytes(value) for name, value in reversed(request["headers"])}


def number(values, value):
    return bytes([values.index(value) if value in values else len(values)])


def request_body(request):
    if not body_of(request) or request["method"] != "POST":
        return None
    declared = headers_of(request).get("content-type", b"").lower()
    choice = 0 if not declared else 1 if b"json" in declared else 2
    return bytes([choice]) + body_of(request)


def target(request):
    host = headers_of(request).get("host", b"a:1")
    return number(METHODS, request["method"]) + host + b"\0" + spec_bytes(request["path"])


def headers(request, refusal=0):
    given = headers_of(request)
    present = sum(1 << i for i, name in enumerate(HEADERS) if name in given)
    values = b"".join(given[name] + b"\0" for name in HEADERS if name in given)
    return (number(ENDPOINTS, spec_bytes(request["path"]).decode("latin-1").split("?")[0]) + struct.pack("<HB", present, refusal)
            + request["method"].encode() + b"\0" + values + body_of(request))


def record(kind, content, padding=0):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), padding) + content + bytes(padding)


def length(size):
    return bytes([size]) if size < 128 else struct.pack(">I", size | 1 << 31)


def fastcgi(request, keep=1, padding=0):
    body = body_of(request)
    pairs = {"REQUEST_METHOD": request["method"], "REQUEST_URI": request["path"], "CONTENT_LENGTH": str(len(body)),
             "REMOTE_ADDR": "127.0.0.1", "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": "8000"}
    pairs = {name: value.encode() for name, value in pairs.items()}
    pairs.update({"HTTP_" + n.upper().replace("-", "_"): v for n, v in headers_of(request).items()})
    params = b"".join(length(len(n)) + length(len(v)) + n.encode() + v for n, v in pairs.items())
    stdin = record(5, body, padding) if body else b""
    return (record(1, struct.pack(">HB5x", 1, keep)) + record(4, params, padding) + record(4, b"") + stdin
            + record(5, b""))


LAYOUT = b"""worker 40 0 starts pid
keys 42 1
events 44 0 layout_migrated something_new
methods 0 0 POST BREW
endpoints 0 0 /predict /brew other
statuses 0 0 201 418 other
request_bounds_ns 0 0 3000000 5000000 60000000000
prediction_bounds_ns 0 0 1000000
outcomes 0 0 error success
requests 48 8
models 96 9
end 114 0
"""


def slots():
    """Slots of that layout: as it should be, in the middle of a transaction, and broken ones."""
    words = [0] * 114
    words[40:46] = [5, 321, 0xABC, 0xDEF, 1, 0]
    words[48:56] = [20_008_000_000, 0, 2, 0, 1, 3, 0, 0]
    words[80:88] = [2_000_000, 1, 0, 0, 0, 0, 1, 0]
    words[96:105] = [int.from_bytes(b"v0.9", "little"), 0, 0, 0, 1_500_000, 2, 0, 1, 1]
    yield words
    yield words[:8] + [1, 2, 40, 6, 44, 2] + words[14:]  # an open transaction
    yield words[:8] + [3, 16] + words[10:]  # a longer one than a journal holds
    yield words[:53] + [1 << 60] + words[54:]  # an impossible count
    # /brew and other are one here, and together they have counted more than is possible
    busy = [0, 1 << 53, 0, 0, 0, 1 << 53, 0, 0]
    yield words[:56] + busy + busy + words[72:]


def seeds():
    """(target, name, bytes)"""
    seen = {}
    with open(f"{CONTRACT}/public.jsonl", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    for case in cases:
        if "headers" not in case["request"]:  # bytes that nginx would refuse
            continue
        kind, request = case["class"], case["request"]
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] > EACH_CLASS:
            continue
        name = case["id"].replace("/", "-")
        if kind in ("paths", "query", "redirects", "methods", "http"):
            yield "target", name, target(request)
        if kind in ("cors", "request_id", "methods", "content_type", "http"):
            yield "headers", name, headers(request)
        if kind.startswith(("json_", "predict_")) or kind in ("encoding", "nesting", "content_type"):
            yield "request_body", name, request_body(request)
        if kind in ("health", "predict_valid") and seen[kind] <= 3:
            yield "fastcgi", name, fastcgi(request) + fastcgi(request, keep=0, padding=3)
    get = {"method": "GET", "path": "/health", "headers": [["Origin", "http://a"]]}
    for status in (400, 405, 502, 504):
        yield "headers", f"refused-{status}", headers(get, status - 399)
    post = {"method": "POST", "path": "/predict", "headers": [], "body": {"text": "x" * 300}}
    yield "fastcgi", "too-large", fastcgi(post)
    yield "fastcgi", "half", fastcgi(get)[:50]
    yield "fastcgi", "get-values", record(9, b"\x0e\x00FCGI_MAX_CONNS") + fastcgi(get)
    yield "fastcgi", "aborted", fastcgi(post)[:-8] + record(2, b"")
    for i, words in enumerate(slots()):
        yield "slot", f"layout-{i}", b"\0" + LAYOUT + b"\0" + struct.pack("<106Q", *words[8:])
    yield "slot", "no-slot", b"\1" + bytes(8 * 50)
    yield from model_seeds.seeds()


def main():
    made = [(name, case, data) for name, case, data in seeds()
            if data is not None and (name in UNLIMITED or len(data) <= LONGEST)]
    for name in {name for name, _, _ in made}:
        for old in glob.glob(f"{HERE}/seeds/{name}/*"):
            if not os.path.basename(old).startswith("found-"):
                os.unlink(old)
    for name, case, data in made:
        os.makedirs(f"{HERE}/seeds/{name}", exist_ok=True)
        with open(f"{HERE}/seeds/{name}/{case}", "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
