#!/usr/bin/env python3
"""Mistakes and misfortunes: each gets a clear answer, and nothing on air is disturbed."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import TOP, VITRINE, CHANNEL, Daemon, Publisher, Skip, http, main, require, wait_for


def problem(answer, status, *words):
    """Checks an RFC 9457 problem document, and that it says what was wrong."""
    got, body, headers = answer
    require(got == status, f"{got} instead of {status}: {body}")
    require(headers.get("Content-Type", "").startswith("application/problem+json"), f"type {headers.get('Content-Type')}")
    require(body["status"] == status and body["title"], f"{body}")
    text = (body["title"] + " " + body.get("detail", "")).lower()
    require(all(word.lower() in text for word in words), f"no word of {words} in {body}")


def segments_go_on(daemon):
    last = daemon.media("big").segments()[-1]["msn"]
    wait_for("segments to go on", lambda: daemon.media("big").segments()[-1]["msn"] > last)
    require("EXT-X-GAP" not in daemon.media("big").text, "a gap")


def scene_api_mistakes():
    with Daemon() as daemon, Publisher(daemon):
        problem(daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.price-ticker"}), 409)
        daemon.segments("big", 1)
        cues = "/v1/channels/mango/cues"
        status, headers, _ = http(f"http://127.0.0.1:{daemon.admin_port}/v1/products", headers={"Authorization": "Bearer no"})
        require(status == 401 and "bearer" in headers.get("WWW-Authenticate", "").lower(), f"wrong token: {status}")
        problem(daemon.api("POST", cues, {"template": "com.example.no-such"}), 404, "com.example.no-such")
        problem(daemon.api("POST", cues, {"template": "com.example.product-card", "product": "no-such"}), 404, "no-such")
        problem(daemon.api("POST", cues, {"product": "x"}), 422, "template")
        problem(daemon.api("POST", cues, {"template": "com.example.product-card"}), 422, "product")
        problem(daemon.api("GET", "/v1/channels/none/status"), 404, "none")
        problem(daemon.api("DELETE", f"{cues}/none"), 404, "none")
        problem(daemon.api("PUT", "/v1/products/bad", {"title": "Bad", "price": {"amount": 1.5, "currency": "EUR"}}), 422,
                "amount")
        problem(daemon.api("PUT", "/v1/products/bad", {"title": "Bad", "price": {"amount": 100, "currency": "euro"}}), 422,
                "currency")
        problem(daemon.api("GET", "/v1/nothing"), 404)
        problem(daemon.api("DELETE", "/v1/products"), 405)
        segments_go_on(daemon)


def scene_a_cue_too_long_is_refused():
    spots = "".join(f"""
    - {{id: spot{n}, type: box, style: {{width: 20px, height: 20px, background: "#ff0000"}},
       hotspot: {{action: open_link, label: "Spot {n}", url: "https://shop.example/{'a' * 120}/{n}"}}}}"""
                    for n in range(8))
    text = f"""id: com.example.too-long
version: 1.0.0
name: Too long
layout:
  id: root
  type: box
  style: {{position: absolute, inset: 40px}}
  children:{spots}
"""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "too-long.yaml"
        template.write_text(text)
        with Daemon(templates=[template]) as daemon, Publisher(daemon):
            daemon.segments("big", 1)
            problem(daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.too-long"}), 422, "900")
            listed = daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]
            require(not any(cue["state"] in ("live", "ending") for cue in listed), f"it is on air all the same: {listed}")
            segments_go_on(daemon)


def scene_a_broken_template_leaves_the_one_on_air():
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "product-card.yaml"
        shutil.copy(TOP / "samples/templates/product-card.yaml", template)
        with Daemon(templates=[template]) as daemon, Publisher(daemon):
            daemon.segments("big", 1)
            product = daemon.api("GET", "/v1/products", expect=200)["products"][0]["id"]
            body = {"template": "com.example.product-card", "product": product}
            cue = daemon.api("POST", "/v1/channels/mango/cues", body, 201)
            good = template.read_text()
            template.write_text(good.replace("layout:", "layuot:", 1))
            wait_for("the error in the status", lambda: "layuot" in str(
                daemon.api("GET", "/v1/channels/mango/status", expect=200)))
            wait_for("the error in the log", lambda: "product-card.yaml:" in daemon.text())
            listed = daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]
            require(any(one["id"] == cue["id"] for one in listed), "the cue went off air")
            daemon.api("POST", "/v1/channels/mango/cues", body, 201)
            template.write_text(good)
            wait_for("the error to go", lambda: "layuot" not in str(
                daemon.api("GET", "/v1/channels/mango/status", expect=200)))
            segments_go_on(daemon)


def serve(config, folder):
    return subprocess.run([VITRINE, "serve", "--config", config], cwd=folder, capture_output=True, text=True, timeout=20)


def scene_port_in_use():
    with Daemon() as daemon:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "vitrine.yaml"
            config.write_text(daemon.config.read_text().replace(f"{daemon.folder}/var", f"{folder}/var"))
            second = serve(config, folder)
            require(second.returncode == 1, f"exit code {second.returncode}")
            ports = (daemon.rtmp_port, daemon.http_port, daemon.admin_port)
            require(any(str(port) in second.stderr for port in ports) and "in use" in second.stderr, second.stderr)
        require(http(daemon.url("/healthz"))[0] == 200, "the first one was disturbed")


def scene_srt_port_that_nobody_asked_for():
    """The default SRT port in use is a warning; one that the configuration names is an error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("127.0.0.1", 8890))
        except OSError:
            pass                                       # somebody has it already: as good
        daemon = Daemon()
        config = daemon.config.read_text()
        named = re.search(r', srt: "127.0.0.1:\d+"', config)[0]
        daemon.config.write_text(config.replace(named, ""))
        with daemon:
            require("8890" in daemon.text() and "without SRT" in daemon.text(), f"no warning: {daemon.text()}")
            require("vitrine gate srt" not in daemon.children(), "a gate runs without its port")
        with tempfile.TemporaryDirectory() as folder:
            asked = Path(folder) / "vitrine.yaml"
            asked.write_text(config.replace(named, ', srt: "127.0.0.1:8890"').replace(str(daemon.folder), folder))
            answer = serve(asked, folder)
            require(answer.returncode == 1 and "8890" in answer.stderr, f"{answer.returncode}: {answer.stderr}")


def scene_data_directory_not_writable():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "file").write_text("")
        config = Path(folder) / "vitrine.yaml"
        config.write_text(f"data: {folder}/file/var\n")
        answer = serve(config, folder)
        require(answer.returncode == 1 and f"{folder}/file/var" in answer.stderr, f"{answer.returncode}: {answer.stderr}")


def scene_configuration_mistakes_have_places():
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "vitrine.yaml"
        config.write_text("channels:\n  mango:\n    keys: [a]\n    canvas: {size: 1280x720, fsp: 30}\n")
        answer = serve(config, folder)
        require(answer.returncode == 1, f"exit code {answer.returncode}")
        require("vitrine.yaml:4:" in answer.stderr and "fsp" in answer.stderr and "fps" in answer.stderr, answer.stderr)
        lint = subprocess.run([VITRINE, "lint", config], capture_output=True, text=True)
        require(lint.returncode == 1 and "vitrine.yaml:4:" in lint.stdout + lint.stderr, f"lint: {lint}")


def scene_bad_usage():
    for arguments in (["serv"], ["serve", "--confgi", "x"], ["lint"], ["render"], ["preview"]):
        answer = subprocess.run([VITRINE, *arguments], capture_output=True, text=True)
        require(answer.returncode == 2 and answer.stderr, f"{arguments}: {answer.returncode} {answer.stderr!r}")
    answer = subprocess.run([VITRINE, "--version"], capture_output=True, text=True)
    require(answer.returncode == 0 and answer.stdout.startswith("vitrine "), f"--version: {answer}")


def scene_disk_full():
    """A full disk costs segments, which are listed as gaps; with room again the show goes on."""
    if os.geteuid() != 0:
        raise Skip("a small file system can only be mounted by root")
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True).returncode:
            raise Skip("no file system can be mounted here")
        try:
            disk_full(Path(folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=False)


def disk_full(disk):
    daemon = Daemon()
    daemon.config.write_text(daemon.config.read_text().replace(f"{daemon.folder}/var", f"{disk}/var"))
    (daemon.folder / "var").symlink_to(disk / "var")
    with daemon, Publisher(daemon):
        daemon.segments("big", 2)
        ballast = disk / "ballast"
        try:
            with open(ballast, "wb") as file:
                while True:
                    file.write(bytes(65536))
                    file.flush()
        except OSError:
            pass
        wait_for("a clear message", lambda: "No space left on device. Segments are left out" in daemon.text(), 20)
        problem(daemon.api("PUT", "/v1/products/late", {"title": "L" * 60, "price": {"amount": 1, "currency": "EUR"}}), 507)
        ballast.unlink()
        last = daemon.media("big").segments()[-1]["msn"]
        playlist = wait_for("segments after the gap", lambda: next(
            (one for one in [daemon.media("big")] if one and one.segments()[-1]["msn"] > last + 1
             and not one.segments()[-1]["gap"]), None), 30)
        require("EXT-X-DISCONTINUITY" not in playlist.text, "a discontinuity")
        wait_for("the end of it in the log", lambda: "the disk has room again" in daemon.text())
        daemon.api("PUT", "/v1/products/late", {"title": "Late", "price": {"amount": 1, "currency": "EUR"}}, 201)


def scene_strangers_on_the_rtmp_port():
    """Bytes that are not RTMP, and connections that say nothing, cost their sender alone."""
    with Daemon() as daemon, Publisher(daemon):
        daemon.segments("big", 1)
        idle = [socket.create_connection(("127.0.0.1", daemon.rtmp_port)) for _ in range(8)]
        for first in (b"\x06" + bytes(1536), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(600), b"\x80" * 3000):
            with socket.create_connection(("127.0.0.1", daemon.rtmp_port)) as stranger:
                stranger.sendall(first)
                stranger.settimeout(30)
                try:
                    while stranger.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        for one in idle:
            one.settimeout(30)
            require(one.recv(1) == b"", "a silent connection is held")
            one.close()
        segments_go_on(daemon)
        require(daemon.process.poll() is None and "vitrine gate rtmp" in daemon.children(), "the gate is gone")


if __name__ == "__main__":
    main()
