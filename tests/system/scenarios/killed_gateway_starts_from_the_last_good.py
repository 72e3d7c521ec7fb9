"""Kill -9 at a random moment of a reload; then the file is broken. What starts is what was last reported, or newer."""

import json
import random
import threading
import time

from stand.message import ask
from stand.stand import Stand
from stand.waiting import expect, same, until

ROUNDS = 15


def play(stand: Stand) -> None:
    rng = random.Random(7)
    weir = stand.idle_gateway()
    number = 0
    for round_number in range(ROUNDS):
        number += 1
        weir.start(f"routes: [{{ respond: n{number} }}]")
        reported = [number]
        over = threading.Event()

        def keep_reloading() -> None:
            nonlocal number
            while not over.is_set():
                number += 1
                weir.write(f"routes: [{{ respond: n{number} }}]")
                try:
                    if ask(weir.admin, "/reload", "POST").status == 200:
                        reported.append(number)
                except Exception:
                    return

        thread = threading.Thread(target=keep_reloading, daemon=True)
        thread.start()
        time.sleep(rng.uniform(0.01, 0.12))  # the moment is the test's random choice
        weir.kill()
        over.set()
        thread.join()

        weir.configuration.write_text("listeners: [[[ broken")
        weir.launch()
        until(lambda: not weir.child.running or "ready" in weir.stderr(), "weir to start", story=weir.stderr)
        expect(weir.child.running, f"weir starts from the last good configuration: {weir.stderr()}")
        status = weir.status()
        weir.address = next(each["address"] for each in status["listeners"] if each["name"] == "web")
        same(status["configuration"]["origin"], "last good", "origin in the status")
        expect("broken" in weir.stderr() or "not YAML" in weir.stderr(), f"it is loud: {weir.stderr()}")
        answers = int(weir.get("/").text().removeprefix("n"))
        expect(answers >= reported[-1], f"n{reported[-1]} was reported as live, n{answers} started")
        kept = json.loads(weir.ask_admin("/history").body)["configurations"]
        expect(len(kept) >= len(reported), "every reported configuration is in the history")
        weir.kill()
    stand.note(f"{ROUNDS} times killed among {number} configurations")
