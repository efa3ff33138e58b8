"""Chromium without a window, driven through a pipe (the DevTools protocol, python3 alone)."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

ANSWER_SECONDS = 60


class BrowserError(Exception):
    pass


def find():
    """The program, or None."""
    return shutil.which("chromium")


class Browser:
    """A browser with one page. Use as a context manager.

        with Browser() as browser:
            browser.size(360, 740)
            browser.load(file)
            browser.value("document.title")
    """

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="hetmem-browser-")
        self.messages = 0
        self.seen = b""
        self.events = []
        to_browser, self.outgoing = os.pipe()
        self.incoming, from_browser = os.pipe()
        # The protocol's ends are descriptors 3 and 4, which dup2 must not close on the way.
        to_browser, from_browser = (self.out_of_the_way(d) for d in (to_browser, from_browser))

        def connect():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [find(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
             f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, close_fds=False,
            preexec_fn=connect, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": self.profile, "LC_ALL": "C.UTF-8"})
        os.close(to_browser)
        os.close(from_browser)
        self.session = None

    @staticmethod
    def out_of_the_way(descriptor):
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(descriptor)
        return moved

    def __enter__(self):
        try:
            targets = self.call("Target.getTargets")["targetInfos"]
            page = next(t["targetId"] for t in targets if t["type"] == "page")
            self.session = self.call("Target.attachToTarget", targetId=page,
                                     flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        os.close(self.outgoing)  # it ends when its pipe does
        os.close(self.incoming)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # helpers that are slower to go
        self.log.close()
        for _ in range(100):  # as long as one of them still writes there
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break

    def read_message(self, until):
        while b"\0" not in self.seen:
            ready, _, _ = select.select([self.incoming], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.incoming, 1 << 20) if ready else b""
            if not piece:
                self.log.seek(0)
                raise BrowserError("the browser does not answer: " +
                                   self.log.read().decode(errors="replace")[-2000:])
            self.seen += piece
        message, self.seen = self.seen.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """The result of one command; what happens meanwhile is kept in `events`."""
        self.messages += 1
        request = {"id": self.messages, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        whole = json.dumps(request).encode() + b"\0"
        while whole:
            whole = whole[os.write(self.outgoing, whole):]
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self.read_message(until)
            if message.get("id") == self.messages:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait_for(self, method):
        until = time.monotonic() + ANSWER_SECONDS
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.read_message(until))

    def load(self, file):
        """Shows a file. `events` then has what happened since the last load."""
        self.events.clear()
        self.call("Page.navigate", url=f"file://{file}")
        self.wait_for("Page.loadEventFired")

    def size(self, width, height=900, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if phone else 1, mobile=phone)

    def media(self, kind="screen", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=kind,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression):
        """Of an expression of JavaScript, which the page itself does not need."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def key(self, name, code, text=None):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode=code, **more)

    def requests(self):
        """Addresses that were asked for since the last load()."""
        return [e["params"]["request"]["url"] for e in self.events
                if e.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser wrote to its console."""
        return [e["params"] for e in self.events
                if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True,
                                          preferCSSPageSize=True, paperWidth=8.27,
                                          paperHeight=11.69)["data"])

    def picture(self, file, whole=True):
        """A PNG of what is seen, to be looked at."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))

    def names_for_a_screen_reader(self):
        """(role, name) of each thing that is read out."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", ""))
                for n in nodes if not n.get("ignored")]
