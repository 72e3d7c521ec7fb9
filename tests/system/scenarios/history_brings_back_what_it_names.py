"""100 random configurations are applied, compared, rolled back; each time the gateway behaves as the named hash did."""

import json
import random

from stand.stand import Stand
from stand.waiting import expect, same

PATHS = [f"/p{number}" for number in range(10)]
CONFIGURATIONS = 100


def random_routes(rng: random.Random, before: dict[str, str]) -> dict[str, str]:
    """A few routes come, go or answer otherwise."""
    routes = dict(before)
    for path in rng.sample(PATHS, rng.randint(1, 4)):
        if path in routes and rng.random() < 0.3:
            del routes[path]
        else:
            routes[path] = f"answer {rng.randrange(1000)}"
    return routes


def yaml_of(routes: dict[str, str]) -> str:
    lines = [f"  - {{ name: r{path[2:]}, match: {{ path: {path} }}, respond: \"{text}\" }}\n"
             for path, text in sorted(routes.items())]
    return "routes:\n" + "".join(lines) if lines else "routes: []\n"


def behaves_as(weir, routes: dict[str, str], what: str) -> None:
    for path in PATHS:
        answer = weir.get(path)
        same(answer.text() if answer.status == 200 else answer.status, routes.get(path, 404), f"{path} {what}")


def names_in(diff: list[dict]) -> set[str]:
    return {change["subject"].removeprefix("route r") for change in diff}


def play(stand: Stand) -> None:
    rng = random.Random(6)
    weir = stand.gateway(yaml_of({}))
    ran: dict[str, dict[str, str]] = {weir.status()["configuration"]["hash"]: {}}
    routes: dict[str, str] = {}
    rolled_back = compared = 0
    for _ in range(CONFIGURATIONS):
        routes = random_routes(rng, routes)
        weir.write(yaml_of(routes))
        weir.reload()
        running = weir.status()["configuration"]["hash"]
        ran[running] = routes
        behaves_as(weir, routes, f"after the reload to {running[:7]}")

        one, other = rng.choice(list(ran)), rng.choice(list(ran))
        if compared < 30:
            done = weir.command("diff", one, other, "--json", "--admin", f"unix:{weir.admin}")
            same(done.returncode, 0, f"weir diff ({done.stderr})")
            different = {path[2:] for path in PATHS if ran[one].get(path) != ran[other].get(path)}
            same(names_in(json.loads(done.stdout)), different, f"routes that differ between {one[:7]} and {other[:7]}")
            compared += 1

        target = rng.choice(list(ran))
        answer = weir.ask_admin(f"/rollback?hash={target}", "POST")
        same(answer.status, 200, f"a rollback ({answer.text()})")
        same(weir.status()["configuration"]["hash"], target, "the hash after a rollback")
        behaves_as(weir, ran[target], f"after the rollback to {target[:7]}")
        rolled_back += 1
        routes = ran[target] if rng.random() < 0.5 else routes
    entries = json.loads(weir.ask_admin("/history").body)["configurations"]
    expect(set(ran) <= {entry["hash"] for entry in entries}, "every configuration that ran is in the history")
    stand.note(f"{len(ran)} configurations, {rolled_back} rollbacks, {compared} comparisons")
