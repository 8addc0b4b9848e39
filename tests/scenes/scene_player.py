#!/usr/bin/env python3
"""A viewer in Chromium: the sample player turns cues into buttons over the picture, and taps are counted."""
from browser import Browser
from harness import Daemon, Publisher, main, require, wait_for

FLAT = "color=c=0x305070:size=640x360:rate=30"
CARD = "com.example.product-card"


def take(daemon, **more):
    """Puts a product on air; (receipt, product id, the cue as it stands in the stream)."""
    product = daemon.api("GET", "/v1/products", expect=200)["products"][0]
    receipt = daemon.api("POST", "/v1/channels/mango/cues", {"template": CARD, "product": product["id"], **more}, 201)
    return receipt, product, cue_in_playlist(daemon, receipt["id"], receipt["rev"])


def cue_in_playlist(daemon, identity, least):
    def find():
        playlist = daemon.media("big")
        found = [cue for _, cue in playlist.dateranges() if cue["id"] == identity and cue["rev"] >= least and cue["hs"]]
        return found[-1] if found else None
    return wait_for(f"cue {identity} in the playlist", find)


def near(rect, wanted, tolerance=0.5):
    return all(abs(one - two) <= tolerance for one, two in zip(rect, wanted))


def events(daemon):
    return daemon.api("GET", "/v1/channels/mango/status", expect=200).get("viewer_events", {})


def scene_button_price_click_end():
    with Daemon() as daemon, Publisher(daemon, picture=FLAT):
        daemon.segments("audio", 3)
        with Browser(daemon.url("/watch/mango")) as browser:
            browser.plays()
            receipt, product, cue = take(daemon)
            spots = {spot["l"]: spot for spot in cue["hs"]}
            buttons = wait_for("the buttons", lambda: browser.buttons(spots), 30)
            require(all(one["real"] for one in buttons), f"one is no real, focusable button: {buttons}")
            require(all(near(one["rect"], spots[one["name"]]["r"]) for one in buttons), f"buttons {buttons}, cue {spots}")
            old = set(spots)

            browser.do("record", rect=max((spot["r"] for spot in cue["hs"]), key=lambda r: r[2] * r[3]))
            wait_for("two seconds of recording", lambda: recorded_seconds(browser) > 2, 20)
            member = "sale_price" if product.get("sale_price") else "price"
            price = {**product[member], "amount": product[member]["amount"] * 8 // 10}
            daemon.api("PATCH", f"/v1/products/{product['id']}", {member: price}, 200)
            changed = cue_in_playlist(daemon, receipt["id"], receipt["rev"] + 1)
            require(changed["price"]["a"] == price["amount"], f"{changed['price']}")
            new = {spot["l"] for spot in changed["hs"]}
            require(not new & old, f"a label does not say the new price: {changed['hs']}")
            wait_for("the new labels", lambda: browser.buttons(new), 30)
            require(browser.no_buttons(old), "a button with the old price is still there")
            longer = recorded_seconds(browser) + 0.5
            wait_for("the frames after it", lambda: recorded_seconds(browser) > longer)
            same_frame(browser, new)

            name = next(spot["l"] for spot in changed["hs"] if spot["act"] == "add_to_cart")
            before = sum(events(daemon).values())
            browser.do("click", name=name)
            opened = wait_for("the product's page", lambda: [url for url in browser.do("popups") if url])
            require(product["link"].split("/")[2] in opened[0] or opened[0] == "about:blank"
                    or opened[0].startswith("chrome-error"), f"opened {opened}")
            wait_for("the tap to be counted", lambda: sum(events(daemon).values()) > before)
            browser.do("press", name=name, key="Enter")
            wait_for("the key press to be counted", lambda: sum(events(daemon).values()) > before + 1)

            daemon.api("DELETE", f"/v1/channels/mango/cues/{receipt['id']}")
            wait_for("the buttons to go", lambda: browser.no_buttons(new), 30)
            complaints = [one for one in browser.do("complaints") if "shop.example" not in one]
            require(not complaints, f"the page complains: {complaints}")


def recorded_seconds(browser):
    frames = browser.do("recorded")
    return frames[-1]["time"] - frames[0]["time"] if frames else 0


def same_frame(browser, new):
    """The label changes with the picture: the frame at which the price's pixels changed most is the one (or next to
    the one) at which the button's name did."""
    frames = browser.do("recorded")
    frames = [frame for frame in frames if frame["time"] > frames[0]["time"] + 1]      # the card's entry is over
    at = next(index for index, frame in enumerate(frames) if new & set(frame["names"]))
    steps = [sum(abs(a - b) for a, b in zip(one["picture"], two["picture"])) for one, two in zip(frames, frames[1:])]
    picture = max(range(len(steps)), key=steps.__getitem__) + 1
    apart = abs(frames[at]["time"] - frames[picture]["time"])
    require(apart <= 0.101, f"the label changed {apart:.3f} s from the picture")


def scene_letterboxed_upright_and_full_screen():
    with Daemon() as daemon, Publisher(daemon, picture=FLAT):
        daemon.segments("audio", 3)
        with Browser(daemon.url("/watch/mango")) as browser:
            browser.plays()
            _, _, cue = take(daemon)
            spots = {spot["l"]: spot for spot in cue["hs"]}
            wait_for("the buttons", lambda: browser.buttons(spots), 30)
            for width, height in ((400, 800), (1200, 400), (640, 360)):
                browser.do("size", width=width, height=height)
                wait_for(f"the buttons in their places at {width}x{height}", lambda: in_place(browser, spots))
            for press, then in (("Fill the screen", "Leave full screen"), ("Leave full screen", "Fill the screen")):
                browser.do("press", name=press, key="Enter")
                wait_for(f"the control that says {then!r}", lambda: browser.buttons({then}))
                wait_for("the buttons in their places", lambda: in_place(browser, spots))


def in_place(browser, spots):
    buttons = browser.buttons(spots)
    return buttons and all(near(one["rect"], spots[one["name"]]["r"], 0.7) for one in buttons)


def scene_late_joiner():
    """Who comes in the middle of a cue sees its button."""
    with Daemon() as daemon, Publisher(daemon, picture=FLAT):
        daemon.segments("audio", 2)
        receipt, _, cue = take(daemon)
        wait_for("two segments more", lambda: daemon.media("big").segments()[-1]["msn"] >= receipt["msn"] + 2, 20)
        with Browser(daemon.url("/watch/mango")) as browser:
            browser.plays()
            wait_for("the buttons", lambda: browser.buttons({spot["l"] for spot in cue["hs"]}), 30)


def scene_player_waits_for_the_show():
    with Daemon() as daemon, Browser(daemon.url("/watch/mango")) as browser:
        require(browser.do("look")["buttons"] is not None, "no page")
        with Publisher(daemon, picture=FLAT):
            browser.plays()


if __name__ == "__main__":
    main()
