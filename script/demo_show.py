#!/usr/bin/env python3
"""The demo's show: starts `vitrine serve` with samples/vitrine.yaml, pushes a picture with ffmpeg, and is the
producer: products go on air in turn, one of them gets cheaper while it is shown."""
import argparse
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

WATCH = "http://127.0.0.1:8080/watch/mango"
BOTH = WATCH + "?output=all"
PLAYLIST = "http://127.0.0.1:8080/live/mango/index.m3u8"
UPRIGHT = "http://127.0.0.1:8080/live/mango/upright/index.m3u8"
API = "http://127.0.0.1:8081/v1"
TOKEN_FILE = "var/admin.token"
PUSH = "rtmp://127.0.0.1:1935/live/demo-key"

# A drawn host in a drawn shop, with a camera that drifts, and a slow chord; the people who watch see a real encoder's work.
PICTURE = ["-loop", "1", "-framerate", "30", "-i", "samples/pictures/studio.png"]
CAMERA = "scale=1344:756,crop=1280:720:x='32+30*sin(t/3)':y='18+16*sin(t/4)'"
SOUND = "aevalsrc='0.05*sin(2*PI*220*t)+0.04*sin(2*PI*277.18*t)+0.03*sin(2*PI*329.63*t)|" \
        "0.05*sin(2*PI*220.3*t)+0.04*sin(2*PI*277.5*t)+0.03*sin(2*PI*330*t)':s=48000"


class Demo:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds if seconds else None
        self.server = self.publisher = None
        self.stopping = False

    # -- small things

    def say(self, text):
        print(f"\033[1mdemo:\033[0m {text}", flush=True)

    def rest(self, seconds):
        """Waits, but not past the end. Says whether the demo goes on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.over():
            if self.server.poll() is not None:
                raise RuntimeError(f"vitrine ended by itself, with {self.server.returncode}")
            if self.publisher and self.publisher.poll() is not None:
                raise RuntimeError(f"ffmpeg ended by itself, with {self.publisher.returncode}")
            time.sleep(0.1)
        return not self.over()

    def over(self):
        return self.stopping or (self.end is not None and time.monotonic() >= self.end)

    def call(self, method, path, body=None):
        with open(TOKEN_FILE, encoding="ascii") as file:
            token = file.read().strip()
        request = urllib.request.Request(API + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type",
                           "application/merge-patch+json" if method == "PATCH" else "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None

    def wait_for(self, what, there, limit):
        self.say(f"waiting for {what}")
        until = time.monotonic() + limit
        while time.monotonic() < until and not self.stopping:
            if there() or not self.rest(0.2):
                return
        if not self.stopping:
            raise RuntimeError(f"no {what} after {limit} s")

    def serves(self):
        return self.read("http://127.0.0.1:8080/healthz") is not None

    def plays(self):
        """The playlist names the show that runs now, not the one before it."""
        show = self.call("GET", "/channels/mango/status").get("show")
        return show and all(show in (self.read(playlist) or "") for playlist in (PLAYLIST, UPRIGHT))

    def read(self, url):
        try:
            return urllib.request.urlopen(url, timeout=2).read().decode()
        except OSError:
            return None

    # -- the show

    def start(self):
        self.say("starting vitrine")
        # In sessions of their own: Ctrl-C reaches the demo, which ends them in order.
        self.server = subprocess.Popen(["build/vitrine", "serve", "--config", "samples/vitrine.yaml"],
                                       start_new_session=True)
        self.wait_for("vitrine", self.serves, 20)
        if self.stopping:
            return
        self.say("pushing a sample show, as OBS would")
        self.publisher = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", *PICTURE, "-re", "-f", "lavfi", "-i", SOUND, "-vf", CAMERA,
             "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-b:v", "3M",
             "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-f", "flv", PUSH], start_new_session=True)
        self.wait_for("the first picture", self.plays, 30)

    def announce(self):
        print(f"""
    Watch:   {WATCH}   (upright on a phone)
             {BOTH}   both pictures side by side
    HLS:     {PLAYLIST}   16:9
             {UPRIGHT}   9:16
    API:     {API}   (bearer token in {TOKEN_FILE})
    Push:    rtmp://127.0.0.1:1935/live with the stream key demo-key takes the channel over

    Put a product on air yourself:
        curl -H "Authorization: Bearer $(cat {TOKEN_FILE})" -H 'Content-Type: application/json' \\
             -d '{{"template": "com.example.product-card", "product": "PRODUCT", "duration": 20}}' \\
             {API}/channels/mango/cues

    Ctrl-C ends the show.
""", flush=True)

    def take(self, template, product=None, **more):
        body = {"template": template, **({"product": product["id"]} if product else {}), **more}
        receipt = self.call("POST", "/channels/mango/cues", body)
        self.say(f"on air: {template} {product['title'] if product else ''} (cue {receipt['id']})")
        return receipt["id"]

    def change(self, product, member, money):
        """Sets a price while it is on air; what it was before."""
        self.call("PATCH", f"/products/{product['id']}", {member: money})
        self.say(f"price of {product['title']}: {product[member]['amount']} -> {money['amount']} {money['currency']}"
                 " (minor units)")

    def card(self, product):
        """A product card whose price falls by a tenth while it is shown."""
        member = "sale_price" if product.get("sale_price") and not product.get("offer") else "price"
        cue = self.take("com.example.product-card", product)
        if self.rest(6):
            self.change(product, member, {**product[member], "amount": product[member]["amount"] * 9 // 10})
            self.rest(6)
        self.off(cue)
        self.call("PATCH", f"/products/{product['id']}", {member: product[member]})

    def flash(self, product):
        """A flash sale that counts down; when the offer ends, its price goes by itself."""
        ends = datetime.now(timezone.utc) + timedelta(seconds=12)
        offer = {"id": "demo", "starts_at": "2026-01-01T00:00:00Z", "ends_at": ends.isoformat(timespec="milliseconds")}
        cue = self.take("com.example.flash-sale", product, data={"offer": offer})
        self.rest(15)
        self.off(cue)

    def off(self, cue):
        self.call("DELETE", f"/channels/mango/cues/{cue}")
        self.say("off air")
        self.rest(2)

    def run(self):
        products = self.call("GET", "/products")["products"]
        self.take("com.example.price-ticker")
        turn = 0
        while not self.over():
            product = products[turn % len(products)]
            (self.flash if product.get("offer") else self.card)(product)
            turn += 1

    def stop(self):
        for process, name, limit in ((self.publisher, "ffmpeg", 5), (self.server, "vitrine", 25)):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(limit)
                except subprocess.TimeoutExpired:
                    self.say(f"{name} did not end; killing it")
                    process.kill()
                    process.wait()
        if self.server and self.server.returncode:
            raise RuntimeError(f"vitrine ended with {self.server.returncode}")


def main():
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--seconds", type=float, help="end after this long (default: at Ctrl-C)")
    demo = Demo(parser.parse_args().seconds)

    def interrupt(_signal, _frame):
        demo.stopping = True

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    code = 0
    try:
        demo.start()
        if not demo.over():
            demo.announce()
            demo.run()
        demo.say("ending the show")
    except RuntimeError as error:
        demo.say(str(error))
        code = 1
    try:
        demo.stop()
    except RuntimeError as error:
        demo.say(str(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
