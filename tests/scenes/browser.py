"""A Chromium that scenes drive: what browser.mjs and players.mjs can do."""
import json
import subprocess

from harness import TOP, Failure, Skip, require, wait_for


class Chromium:
    """A script of ours that drives Chromium and understands commands; `modules` of the web part have to be there."""

    def __init__(self, script, *options, modules=("playwright-core",)):
        for name in modules:
            if not (TOP / "web/node_modules" / name).is_dir():
                raise Skip(f"{name} is not installed: script/bootstrap --test")
        self.process = subprocess.Popen(["node", TOP / "tests/scenes" / script, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def do(self, command, **arguments):
        self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        require(line, f"the browser ended: {self.process.stderr.read() if not line else ''}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"{command} {arguments}: {answer['error']}")
        return answer["value"]


class Browser(Chromium):
    """One page that a viewer looks at."""

    def __init__(self, url, *options):
        super().__init__("browser.mjs", *options)
        self.do("open", url=url)

    def plays(self):
        first = self.do("look")["time"]
        wait_for("the picture to move", lambda: self.do("look")["time"] > first + 1, 40)

    def buttons(self, names):
        """The visible buttons of these names, when all of them are there; else None."""
        found = [one for one in self.do("look")["buttons"] if one["name"] in names]
        require(len({one["name"] for one in found}) == len(found), f"two buttons have one name: {found}")
        return found if len(found) == len(names) else None

    def no_buttons(self, names):
        return not any(one["name"] in names for one in self.do("look")["buttons"])
