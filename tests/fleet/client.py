"""load.py in a namespace."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Load:
    def __init__(self, enter, target, requests, size=12, connections=10, longest=240):
        """`enter` leads into the client's namespace, `target` is ADDRESS:PORT, `size` the body's, `longest` the seconds for all."""
        self._process = subprocess.Popen([*enter, sys.executable, "-B", os.path.join(HERE, "load.py"), target,
                                          str(connections), str(requests), str(size), str(longest)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.requests = requests

    def wait_for(self, replies):
        for line in self._process.stdout:
            if int(line) >= replies:
                return
        raise AssertionError("the client has ended early")

    def result(self):
        """Lets it end when it has its replies."""
        lines = self._process.communicate()[0].splitlines()
        return json.loads(lines[-1])
