"""A client in a process of its own: load.py HOST:PORT CONNECTIONS REQUESTS BODY_BYTES SECONDS

Half of the connections are kept, the others are one for each request. It goes on until REQUESTS have been answered and its
standard input has ended, or SECONDS are over, says "N" after each hundred, and ends with a line of JSON. Nothing is ever sent twice.
"""

import asyncio
import collections
import json
import sys
import time

CONNECT_LIMIT = 5.0  # seconds: a SYN that is lost goes again after one, and after three
REPLY_LIMIT = 30.0
PACE = 0.02  # seconds between the requests of one connection: a front that fails is not to be hidden by a full queue
TICK = 0.01

HOST, _, PORT = sys.argv[1].rpartition(":")
CONNECTIONS, REQUESTS, SIZE, LONGEST = (int(text) for text in sys.argv[2:6])
NUMBERS = max(SIZE // 4, 1)
BODY = b'{"features": [' + b",".join([b"1.5"] * NUMBERS) + b"]}"


class Tally:
    def __init__(self):
        self.outcomes = collections.Counter()
        self.replies = []  # when
        self.last_failure = 0.0  # when the last request began that failed, by this machine's monotonic clock
        self.slowest = 0.0
        self.stall = 0.0  # how late this process itself has been woken
        self.input_ended = False
        self.end = time.monotonic() + LONGEST

    def goes_on(self):
        return time.monotonic() < self.end and not (self.input_ended and len(self.replies) >= REQUESTS)

    def answered(self, begun, status):
        now = time.monotonic()
        self.slowest = max(self.slowest, now - begun)
        if status != 201:
            self.failed(begun, str(status))
            return
        self.outcomes["201"] += 1
        self.replies.append(now)
        if len(self.replies) % 100 == 0:
            print(len(self.replies), flush=True)

    def failed(self, begun, what):
        self.outcomes[what] += 1
        self.last_failure = max(self.last_failure, begun)

    def result(self):
        gaps = [after - before for before, after in zip(self.replies, self.replies[1:])]
        return {"outcomes": self.outcomes, "replies": len(self.replies), "slowest": self.slowest, "gap": max(gaps, default=0.0),
                "stall": self.stall, "last_failure": self.last_failure, "failed": sum(self.outcomes.values()) - len(self.replies)}


async def read_reply(reader):
    """The status, and whether the connection is kept."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12]), b"connection: close" not in head


async def ask(tally, kept, streams):
    """One request; returns the connection if it can have another one."""
    phase, begun = "connect", time.monotonic()
    try:
        if streams is None:
            streams = await asyncio.wait_for(asyncio.open_connection(HOST, int(PORT)), CONNECT_LIMIT)
        phase = "lost"
        reader, writer = streams
        writer.write(b"POST /predict HTTP/1.1\r\nHost: appcore\r\nContent-Type: application/json\r\n"
                     + (b"" if kept else b"Connection: close\r\n") + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        await writer.drain()
        status, stays = await asyncio.wait_for(read_reply(reader), REPLY_LIMIT)
        tally.answered(begun, status)
        if kept and stays:
            return streams
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        tally.failed(begun, f"{'kept' if kept else 'fresh'} {phase}: {type(error).__name__}")
    if streams is not None:
        streams[1].transport.abort()
    return None


async def connection(tally, kept):
    streams = None
    while tally.goes_on():
        streams = await ask(tally, kept, streams)
        await asyncio.sleep(PACE)


async def watch_clock(tally):
    while tally.goes_on():
        begun = time.monotonic()
        await asyncio.sleep(TICK)
        tally.stall = max(tally.stall, time.monotonic() - begun - TICK)


async def watch_input(tally):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    tally.input_ended = True


async def main():
    tally = Tally()
    waiting = asyncio.ensure_future(watch_input(tally))
    await asyncio.gather(watch_clock(tally), *(connection(tally, index % 2 == 0) for index in range(CONNECTIONS)))
    waiting.cancel()
    print(json.dumps(tally.result()), flush=True)


asyncio.run(main())
