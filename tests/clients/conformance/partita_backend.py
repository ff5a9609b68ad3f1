"""A pytest plugin: lets the tests of the Durable Task SDK for Python run against Partita instead of the SDK's own test
server. In a checkout of the SDK's repository, with the SDK of the same version, pytest and pytest-asyncio installed, and
the checkout's own folder `durabletask` moved away so that the installed one is tested:

    PARTITA=/path/to/partita PYTHONPATH=/path/to/this/folder:. python -m pytest -p partita_backend tests/durabletask

PARTITA_LOG names a file for what the servers print.
"""

import os
import socket
import subprocess
import time

from durabletask import testing

PATIENCE = 20


class Backend:
    """A server of its own on one port, with nothing in it."""

    def __init__(self, port):
        log = open(os.environ.get("PARTITA_LOG", os.devnull), "ab")
        command = [os.environ["PARTITA"], "serve", "--in-memory", "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        self.wait_for(port)

    def wait_for(self, port):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError("the server does not answer; PARTITA_LOG tells more") from None
                time.sleep(0.02)

    def stop(self, grace=None):
        self.process.kill()
        self.process.wait()

    def reset(self):
        """There is nothing left to forget: the next one is a new process."""


def create_test_backend(port=4001, **_):
    return Backend(port)


testing.create_test_backend = create_test_backend
