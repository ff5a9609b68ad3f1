"""Starts the processes of one Python function.

It imports the FDK once and forks a worker for each order that arrives on the control socket, with the worker's
stdout, stderr and facts socket attached. It tells the end of each worker. When the control socket closes, the host is
gone, and everything here ends.

In a worker the function's own module is imported before its socket appears. The FDK and the handler stay as they are:
what is added is a wrapper that tells the host which exception a handler raised.
"""

import array
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
import types

# Together less than a socket holds, because the host reads them after the answer.
MESSAGE_CHARACTERS = 8 * 1024
TRACEBACK_CHARACTERS = 32 * 1024
PR_SET_PDEATHSIG = 1


def preload():
    """Imports what every worker needs, so that a fork has it already."""
    import asyncio  # noqa: F401
    import fdk
    from fdk import context, customer_code, event_handler, runner  # noqa: F401

    if "uvloop" in sys.modules:
        # The FDK asks for uvloop when it is installed, but cannot listen with it.
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asyncio.set_event_loop_policy(None)
    return fdk


def die_with(parent):
    """Asks the system to end this process when its parent ends."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        except (OSError, AttributeError):
            pass
    if os.getppid() != parent:
        os._exit(1)


class Facts:
    """Tells the host what cannot be said in an answer."""

    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._socket.settimeout(1.0)

    def failure(self, kind, call, error, skip=0):
        try:
            self._socket.sendall(describe(kind, call, error, skip))
        except OSError:
            self._socket.close()  # half a line would spoil the next


def describe(kind, call, error, skip):
    """An exception as a line of JSON."""
    frames = error.__traceback__
    for _ in range(skip):
        if frames is not None:
            frames = frames.tb_next
    try:
        message = str(error)
    except Exception:
        message = "(its text cannot be told: str() failed)"
    name = type(error).__qualname__
    module = type(error).__module__
    if module not in ("builtins", "__main__", "func"):
        name = module + "." + name
    text = "".join(traceback.format_exception(type(error), error, frames, limit=-100))
    folder = os.getcwd() + os.sep
    file, line = None, None
    for frame in traceback.extract_tb(frames, limit=-100):
        if frame.filename.startswith(folder):
            file, line = frame.filename, frame.lineno
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    fact = {
        "kind": kind,
        "call": call,
        "type": name,
        "message": message[:MESSAGE_CHARACTERS],
        "traceback": text[-TRACEBACK_CHARACTERS:],
        "file": file,
        "line": line,
    }
    return json.dumps(fact, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def observed(handler, facts):
    """The handler, with its exceptions told to the host before the FDK sees them."""

    async def watch(answer, call):
        try:
            return await answer
        except BaseException as error:
            facts.failure("raised", call, error, 1)
            raise

    def observe(ctx, data=None):
        try:
            answer = handler(ctx, data=data)
        except BaseException as error:
            facts.failure("raised", ctx.CallID(), error, 1)
            raise
        if isinstance(answer, types.CoroutineType):
            return watch(answer, ctx.CallID())
        return answer

    return observe


def work(fdk, order, facts):
    """Runs one worker until it ends."""
    from fdk import customer_code

    class Function(customer_code.Function):
        """The user's function; its handler is looked up for each call, as the FDK does."""

        def handler(self):
            return observed(super().handler(), facts)

    import asyncio

    # The FDK registers its own handlers only if a loop exists, which newer Pythons no longer make by themselves.
    asyncio.set_event_loop(asyncio.new_event_loop())
    function = Function(order["file"], entrypoint=order["handler"])
    try:
        function.handler()
    except BaseException as error:
        facts.failure("start", None, error, 1)
        traceback.print_exception(type(error), error, error.__traceback__)
        return 1
    fdk.handle(function)
    return 0


def become_worker(fdk, control, zygote, order, fds):
    """What a fork does: takes over its streams and never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        os.setsid()
        die_with(zygote)
        out, err, fact = fds
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        os.environ.update(order["env"])
        os.chdir(order["folder"])
        for entry in reversed(os.environ["PYTHONPATH"].split(os.pathsep)):
            sys.path.insert(0, os.path.abspath(entry))
        sys.argv = ["/python/bin/fdk", order["file"], order["handler"]]
        code = work(fdk, order, Facts(fact))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            pass
        os._exit(code & 0xFF)


class Zygote:
    """Takes orders and tells ends."""

    def __init__(self, control, fdk):
        self.control = control
        self.fdk = fdk
        self.text = b""
        self.fds = []
        self.workers = set()

    def tell(self, **message):
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        """Reads what has arrived. False when the host is gone."""
        size = array.array("i").itemsize
        data, ancillary, _, _ = self.control.recvmsg(65536, socket.CMSG_SPACE(64 * size))
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(payload[: len(payload) - len(payload) % size])
                self.fds.extend(fds)
        self.text += data
        return bool(data)

    def obey(self):
        while b"\n" in self.text:
            line, self.text = self.text.split(b"\n", 1)
            order = json.loads(line)
            if "kill" in order:
                self.kill(order["kill"])
            else:
                self.fork(order)

    def kill(self, pid):
        if pid in self.workers:
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                os.kill(pid, signal.SIGKILL)

    def fork(self, order):
        fds, self.fds = self.fds[:3], self.fds[3:]
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self.tell(failed=order["number"], reason=str(error))
        else:
            if pid == 0:
                become_worker(self.fdk, self.control, zygote, order, fds)
            self.workers.add(pid)
            self.tell(forked=order["number"], pid=pid)
        for fd in fds:
            os.close(fd)

    def reap(self):
        while self.workers:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.workers:
                self.workers.discard(pid)
                try:
                    os.killpg(pid, signal.SIGKILL)  # what the worker itself had started
                except OSError:
                    pass
                code = os.waitstatus_to_exitcode(status)
                self.tell(ended=pid, code=code if code >= 0 else None, signal=-code if code < 0 else None)

    def run(self):
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        self.tell(ready=True)
        while True:
            readable, _, _ = select.select([self.control, woken], [], [])
            if woken in readable:
                try:
                    os.read(woken, 4096)
                except BlockingIOError:
                    pass
            if self.control in readable:
                if not self.receive():
                    break
                self.obey()
            self.reap()
        for pid in self.workers:
            self.kill(pid)


def main():
    sys.path.pop(0)  # this file's folder
    control = socket.socket(fileno=int(os.environ.pop("PARTITA_CONTROL")))
    os.set_inheritable(control.fileno(), False)
    fdk = preload()
    gc.collect()
    gc.freeze()
    Zygote(control, fdk).run()


if __name__ == "__main__":
    main()
