"""What runs inside Redis decides as counting by hand does: four algorithms, on a clock of the test."""

import pathlib
import random
import re

from stand.redis import Connection
from stand.stand import Stand
from stand.waiting import expect, same

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "src/filters/limit/redis/counting_library.cc"
CLOCK = re.compile(r"local time = redis\.call\('TIME'\)\n.*\n")
WIDTH = 1_000_000


class Model:
    """Every decision from all that was admitted; microseconds, but for what buckets owe."""

    def __init__(self, kind: str, limit: int, burst: int):
        self.kind, self.limit, self.burst = kind, limit, burst
        self.unit = -(-10**9 // limit)
        self.owed, self.at, self.moments, self.windows = 0, 0, [], {}

    def admits(self, now: int, cost: int) -> bool:
        window, elapsed = now // WIDTH, now % WIDTH
        here, before = self.windows.get(window, 0), self.windows.get(window - 1, 0)
        if self.kind == "b":
            owed = max(0, self.owed - (now - self.at) * 1000)
            admitted = cost <= self.burst and owed + cost * self.unit <= self.burst * self.unit
            if admitted:
                self.owed, self.at = owed + cost * self.unit, now
            return admitted
        if self.kind == "l":
            self.moments = [moment for moment in self.moments if moment + WIDTH > now]
            admitted = len(self.moments) + cost <= self.limit
            self.moments += [now] * cost if admitted else []
            return admitted
        tail = before * (WIDTH - elapsed) if self.kind == "s" else 0
        admitted = here + cost <= self.limit and tail <= (self.limit - cost - here) * WIDTH
        if admitted:
            self.windows[window] = here + cost
        return admitted


def play(stand: Stand) -> None:
    library = re.search(r'R"lua\(\n(.*?)\)lua"', SOURCE.read_text(), re.S).group(1)
    on_our_clock, replaced = CLOCK.subn("return tonumber(redis.call('GET', 'clock'))\n", library)
    same(replaced, 1, "places where the library asks for the time")
    connection = Connection(stand.redis().port)
    take = connection.ask("SCRIPT", "LOAD", on_our_clock + "\nreturn take(KEYS, ARGV)")
    settle = connection.ask("SCRIPT", "LOAD", on_our_clock + "\nreturn settle(KEYS, ARGV)")
    chance = random.Random(4711)

    def ask(now: int, rules: list[tuple], script: str = take) -> list[int]:
        connection.ask("SET", "clock", now)
        arguments = [argument for _, *rest in rules for argument in rest]
        return connection.ask("EVALSHA", script, len(rules), *[key for key, *_ in rules], *arguments)

    decisions = 0
    for number in range(48):
        limit = chance.randint(1, 30)
        model = Model("bfsl"[number % 4], limit, limit if number % 8 < 4 else max(1, limit // 3))
        now = 1_700_000_000_000_000

        def rule(key: str, cost: int, model: Model = model) -> tuple:
            return (key, model.kind, model.limit, WIDTH, model.unit, model.burst, 0, 0, 0, cost, 0)

        for _ in range(250):
            now += chance.choice([0, 1, chance.randint(0, 2 * WIDTH // model.limit), chance.randint(0, WIDTH)])
            cost = 1 if chance.random() < 0.8 else chance.randint(1, 4)
            came = ask(now, [rule(f"key{number}", cost)])
            same(bool(came[0]), model.admits(now, cost), f"{model.kind} of {model.limit} at {now}, cost {cost}")
            decisions += 1
            if came[0] or came[2] < 0:
                continue
            for later, admitted in ((came[2] - 1, 0), (came[2], 1)):
                connection.ask("DEL", "copy")
                connection.ask("COPY", f"key{number}", "copy")
                same(ask(now + later, [rule("copy", cost)])[0], admitted, f"{model.kind}: {later} us after a refusal")
        expect(connection.ask("PTTL", f"key{number}") != -1, "a key that never expires")
    stand.note(f"{decisions:,} decisions")

    one = ("a", "b", 1, WIDTH, 10**9, 1, 0, 0, 0, 1, 0)
    many = ("m", "b", 5, WIDTH, 2 * 10**8, 5, 0, 0, 0, 1, 0)
    same(ask(now, [one, many])[::6], [1, 1], "two rules that agree")
    same(ask(now, [one, many])[::6], [0, 1], "two rules of which one refuses")
    same(ask(now, [many])[1], 3, "what a refused request left of the other")
    mark = ask(now, [("m", *many[1:9], 2, 0)])[5]
    same(ask(now, [("m", *many[1:9], mark, -2)], settle), 1, "giving back")
    same(ask(now, [many])[1], 2, "what is left after giving back")
    same(ask(now - 3600 * WIDTH, [many])[1], 1, "a clock that goes back gives nothing")
    same(ask(now - 3600 * WIDTH + WIDTH, [many])[1], 4, "and keeps nobody waiting for it")
    mark = ask(now, [("late", *many[1:9], 5, 0)])[5]
    later = now + 600_000  # three of five have come back, and are charged again
    same(ask(later, [("late", *many[1:9], 3, 0)])[:2], [1, 0], "what came back")
    same(ask(later, [("late", *many[1:9], mark, -5)], settle), 1, "giving back late")
    same(ask(later, [("late", *many[1:])])[1], 1, "what had come back is not given back again")
    leased = ask(now, [("h", "b", 10, WIDTH, 10**8, 10, 0, 0, 0, 1, 4)])
    same((leased[1], leased[4], ask(now, [("h", "b", 10, WIDTH, 10**8, 10, 0, 0, 0, 1, 0)])[1]), (9, 4, 4), "a lease")
    connection.close()
