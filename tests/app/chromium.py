"""A page in Debian's Chromium, driven through --remote-debugging-pipe: JSON that ends in NUL on descriptors 3 and 4.

The browser has no network (unshare -n where that is allowed): it would call home itself, and a page must need none.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import time

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe"]


def missing():
    """Why there is no browser to test with, or None."""
    return None if shutil.which("chromium") else "chromium is not installed (apt-get install chromium)"


def alone(command):
    """The command without a network, where the system lets us."""
    for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:
            return [*prefix, *command]
    return command


class Page:
    """One tab of a browser of its own; what goes wrong in it is in `requests` and `exceptions`."""

    def __init__(self, profile):
        from_us, self.send_fd = os.pipe()
        self.receive_fd, from_it = os.pipe()
        command = alone(["chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"])
        ends = f"exec 3<&{from_us} 4>&{from_it}; exec \"$@\""
        self.process = subprocess.Popen(["bash", "-c", ends, "bash", *command], pass_fds=(from_us, from_it), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(from_it)
        self.buffer, self.number, self.session = b"", 0, None
        self.requests, self.exceptions, self.loaded = [], [], False
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        """Ends the browser."""
        os.close(self.send_fd)
        os.close(self.receive_fd)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def receive(self, timeout=60):
        """The next message; events are noted on the way."""
        deadline = time.monotonic() + timeout
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.receive_fd], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            block = os.read(self.receive_fd, 1 << 20)
            if not block:
                raise ConnectionError(f"the browser has ended with {self.process.wait()}")
            self.buffer += block
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self.note(message.get("method"), message.get("params"))
        return message

    def note(self, method, params):
        """Requests other than of the page itself and of data: addresses, exceptions, and complaints of the console."""
        if method == "Network.requestWillBeSent" and params["type"] != "Document" and not params["request"]["url"].startswith("data:"):
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.exceptions.append(details["text"] + " " + details.get("exception", {}).get("description", ""))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.exceptions.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def call(self, method, **params):
        """The result of a command of the protocol."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.send_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, path, width=1280, height=900, dark=False):
        """Loads a file in a window of this size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.loaded = False
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        while not self.loaded:
            self.receive()

    def value(self, expression):
        """Of a JavaScript expression; a promise is waited for."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def mouse(self, x, y, kind="mouseMoved", **more):
        """An event of the mouse at a place of the window."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector):
        """On the middle of the element."""
        box = self.value(f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                         "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        self.mouse(*box, "mousePressed", button="left", clickCount=1)
        self.mouse(*box, "mouseReleased", button="left", clickCount=1)

    def screenshot(self, path, full=True):
        """A PNG file of the whole page, or of the window."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=full)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def pdf(self):
        """The bytes of the printed page."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])
