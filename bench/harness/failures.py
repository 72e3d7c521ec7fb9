"""The failures verb: what clients notice when an upstream fails, by killing, stopping and slowing real processes.

Each rehearsal is three times of steady requests: a calm, a failure, and the time after it. One of three origins fails
(in two rehearsals: all of them, and the name server). Told are, from the clients' side, requests that failed and the
99th percentile beside the calm's; from the origins' side, how much more they were asked than there were requests; and
from both, how soon the failing one was left alone and how soon it was used again. nginx and HAProxy stand in the same
place for the failures that they are known for.

What is judged: no idempotent request fails when one of three does; and retries and hedges stay within their budget.
"""

import asyncio
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .contenders import HAPROXY, NGINX, TITLES, WEIR, Programs, Running, await_listening, find_peer, render
from .figures import Figure
from .processes import Meter, Process
from .rehearsal import CLIENT_SECONDS, NAMES, Seen, Stage, Weir
from .rehearsal import Client as SteadyClient
from .verdicts import Section, judge_most

WARM_UP_SECONDS = 1.0  # connections are made
CALM_SECONDS, FAILURE_SECONDS, AFTER_SECONDS = 3.0, 4.0, 5.0  # the second ejection of a failure lasts 4 s
RETRY_SHARE, HEDGE_SHARE = 0.20, 0.05  # of bench/peers/failures-weir.yaml.in
FLAP_SECONDS = 0.5
ROUNDS_MAX = 3  # a round of all takes three minutes; what fails once in a hundred requests is seen in one
BURST = 100  # requests at once when all come back
SETTLED_SECONDS = 1.0  # how long after their return the origins may take to be used by all
RETURN_SECONDS = 1.5  # four checks of 200 ms, and one that is under way
REFUSAL_SECONDS = 1.0  # who cannot be answered is told so within this

Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Rehearsal:
    name: str
    title: str
    begin: Act
    end: Act
    peers: bool = False  # nginx and HAProxy are rehearsed as well
    all_fail: bool = False


def _way(way: str) -> tuple[Act, Act]:
    async def begin(stage: Stage) -> None:
        stage.origins[1].behave(way)

    async def end(stage: Stage) -> None:
        stage.origins[1].behave("plain")

    return begin, end


async def _kill(stage: Stage) -> None:
    stage.origins[1].kill()


async def _start(stage: Stage) -> None:
    await asyncio.to_thread(stage.origins[1].start)  # the client asks on meanwhile


async def _stop(stage: Stage) -> None:
    stage.origins[1].signal(signal.SIGSTOP)


async def _continue(stage: Stage) -> None:
    stage.origins[1].signal(signal.SIGCONT)


async def _kill_all(stage: Stage) -> None:
    for origin in stage.origins:
        origin.kill()


async def _start_all(stage: Stage) -> None:
    await asyncio.gather(*(asyncio.to_thread(origin.start) for origin in stage.origins))


async def _flap(stage: Stage) -> None:
    """The name server says something else each half second, and half of it is wrong."""
    hosts = [origin.host for origin in stage.origins]
    words = [(hosts[:1], 0, False), ([], 3, False), (hosts[1:], 0, False), ([], 2, False), (hosts, 0, False),
             ([], 0, True), ([], 0, False), (hosts[:2], 0, False)]

    async def talk() -> None:
        for addresses, code, silent in words:
            stage.names.say(addresses, code, silent)
            await asyncio.sleep(FLAP_SECONDS)

    stage.flapping = asyncio.create_task(talk())


async def _settle_names(stage: Stage) -> None:
    await stage.flapping
    stage.names.say([origin.host for origin in stage.origins])


REHEARSALS = [
    Rehearsal("kill", "kill -9 of one of three", _kill, _start, peers=True),
    Rehearsal("stop", "SIGSTOP of one of three", _stop, _continue, peers=True),
    Rehearsal("slow", "one of three 10x slower", *_way("slow"), peers=True),
    Rehearsal("hang", "one accepts and hangs", *_way("hang")),
    Rehearsal("half", "one sends half of its answers", *_way("half")),
    Rehearsal("reset", "one resets after the head", *_way("reset")),
    Rehearsal("drip", "one drips a byte each 100 ms", *_way("drip")),
    Rehearsal("names", "the name server flaps", _flap, _settle_names),
    Rehearsal("all", "all down, then all back at once", _kill_all, _start_all, all_fail=True),
]


@dataclass(frozen=True)
class Outcome:
    """What one rehearsal before one contender came to."""

    requests: int
    failed: int
    failures: dict[str, int]
    calm_p99: float  # seconds
    failure_p99: float  # of those due while it lasted, whether they failed or not
    harmed_for: float  # from the failure to the last request it made fail or wait ten times a calm one's p99
    back_after: float | None  # from its end to the first answer of who had failed
    extra: int | None  # requests that arrived at origins beyond those that clients made
    left_alone_after: float | None = None  # Weir's word: down or ejected
    retries: int = 0
    hedges: int = 0
    late_failed: int = 0  # failed though they were due when all had been back for SETTLED_SECONDS
    refusal_p99: float = 0.0  # of those that failed


def measure(programs: Programs, meter: Meter, peers: list[str], rounds: int, rows: list[str],
            tell: Callable[[str], None]) -> Iterator[Section]:
    for rehearsal in REHEARSALS:
        if rows and f"failures-{rehearsal.name}" not in rows:
            continue
        names = [WEIR] if programs.weir is not None else []
        names += [name for name in (NGINX, HAPROXY) if rehearsal.peers and name in peers]
        outcomes: dict[str, list[Outcome]] = {name: [] for name in names}
        for number in range(rounds):
            for name in names if number % 2 == 0 else reversed(names):
                tell(f"failures: {rehearsal.title}: {TITLES[name]}, round {number + 1} of {rounds}")
                outcomes[name].append(_rehearse(rehearsal, name, programs, meter, number))
        yield section_of(rehearsal, outcomes)


def _rehearse(rehearsal: Rehearsal, name: str, programs: Programs, meter: Meter, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="weir-bench-failures-") as directory:
        stage = Stage(meter, Path(directory), seed)
        try:
            return asyncio.run(_play(rehearsal, name, programs, stage))
        finally:
            stage.stop()


async def _play(rehearsal: Rehearsal, name: str, programs: Programs, stage: Stage) -> Outcome:
    await stage.names.start()
    stage.names.say([origin.host for origin in stage.origins])
    running = _start_contender(name, programs, stage, by_name=rehearsal.name == "names")
    listening = None
    try:
        # In a thread: a gateway whose upstream is a name asks our name server, which answers from this loop.
        await asyncio.to_thread(await_listening, running)
        if name == WEIR:
            stage.weir = Weir(running.process, stage.directory / WEIR / "admin.sock")
            listening = asyncio.create_task(stage.weir.listen())
        return await _run(rehearsal, stage, SteadyClient(running.port, stage.seed))
    finally:
        if listening is not None:
            listening.cancel()
        running.process.stop()
        stage.names.stop()


async def _run(rehearsal: Rehearsal, stage: Stage, client: SteadyClient) -> Outcome:
    counters = await stage.weir.counters() if stage.weir else {}
    arrived = stage.arrived()
    await client.ask_for(WARM_UP_SECONDS)
    calm_from = time.monotonic()
    await client.ask_for(CALM_SECONDS)
    began = time.monotonic()
    await rehearsal.begin(stage)
    await client.ask_for(FAILURE_SECONDS)
    ended = time.monotonic()
    await rehearsal.end(stage)
    back = time.monotonic()
    if rehearsal.all_fail:
        for _ in range(BURST):
            client.ask(back)
    await client.ask_for(AFTER_SECONDS)
    await client.settle()
    await asyncio.sleep(0.1)  # what a loser of a race asked for arrives
    extra = None if rehearsal.all_fail else stage.arrived() - arrived - len(client.seen)
    after = await stage.weir.counters() if stage.weir else {}

    def counted(counter: str) -> int:
        return int(after.get(counter, 0) - counters.get(counter, 0))

    left_alone = stage.weir.first(began, "is ejected", "is down") if stage.weir else None
    return outcome_of(rehearsal, client.seen, calm_from, began, ended, back, extra=extra,
                      left_alone_after=None if left_alone is None else left_alone - began,
                      retries=counted("weir_upstream_retries_total"), hedges=counted("weir_upstream_hedges_total"))


def outcome_of(rehearsal: Rehearsal, seen: list[Seen], calm_from: float, began: float, ended: float, back: float,
               **told) -> Outcome:
    """What the clients saw, in figures."""
    calm = [each.seconds for each in seen if calm_from <= each.due < began]
    during = [each for each in seen if began <= each.due < ended]
    failed = [each for each in seen if each.failure]
    kinds: dict[str, int] = {}
    for each in failed:
        kinds[each.failure] = kinds.get(each.failure, 0) + 1
    calm_p99 = quantile(calm, 0.99)
    harmed = [each.ended for each in during if each.failure or each.seconds > 10 * calm_p99]
    who = NAMES if rehearsal.all_fail else NAMES[1:2]
    returned = [each.ended for each in seen if each.due >= back and each.origin in who]
    return Outcome(requests=len(seen), failed=len(failed), failures=kinds, calm_p99=calm_p99,
                   failure_p99=quantile([each.seconds for each in during], 0.99),
                   harmed_for=max(harmed, default=began) - began,
                   back_after=min(returned) - back if returned else None,
                   late_failed=sum(each.due >= back + SETTLED_SECONDS for each in failed),
                   refusal_p99=quantile([each.seconds for each in failed], 0.99), **told)


def quantile(values: list[float], share: float) -> float:
    """0 of nothing."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _start_contender(name: str, programs: Programs, stage: Stage, by_name: bool) -> Running:
    own = stage.directory / name
    own.mkdir()
    port = machine.free_port()
    endpoints = stage.endpoints()
    servers = {NGINX: [f"        server {each} max_fails=3 fail_timeout=2s;" for each in endpoints],
               HAPROXY: [f"    server {host} {each}" for host, each in zip(NAMES, endpoints, strict=True)]}
    resolver = f'resolver: {{ servers: ["127.0.0.1:{stage.names.port}"], hosts_file: off, timeout: 300ms }}'
    values = {"PORT": port, "DIRECTORY": own, "SERVERS": "\n".join(servers.get(name, [])),
              "RESOLVER": resolver if by_name else "",
              "ENDPOINTS": f'"shop.test:{stage.origin_port}"' if by_name else ", ".join(endpoints)}
    if name == NGINX:
        command = [find_peer(NGINX), "-p", str(own), "-c", render("failures-nginx.conf", values, own)]
    elif name == HAPROXY:
        command = [find_peer(HAPROXY), "-db", "-f", render("failures-haproxy.cfg", values, own)]
    else:
        command = [str(programs.weir), "run", "-c", render("failures-weir.yaml", values, own)]
    return Running(name, port, Process(stage.meter, name, command, machine.PROXY_CORE, own))


def section_of(rehearsal: Rehearsal, outcomes: dict[str, list[Outcome]]) -> Section:
    """The sum of what failed, the worst of what has a budget, the median of the rest."""
    section = Section(f"failures-{rehearsal.name}", f"failures, {rehearsal.title}")
    for name, rounds in outcomes.items():
        section.figures[name] = _figures(rounds)
        kinds = sorted({kind for each in rounds for kind in each.failures})
        if kinds:
            told = ", ".join(f"{sum(each.failures.get(kind, 0) for each in rounds)} {kind}" for kind in kinds)
            section.remarks.append(f"{TITLES[name]}: failed: {told}")
    if WEIR in outcomes:
        _judge(section, rehearsal, outcomes[WEIR])
    return section


def _figures(rounds: list[Outcome]) -> dict[str, float]:
    def median(values: list[float | None], otherwise: float = -1.0) -> float:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else otherwise

    return {"failed_requests": sum(each.failed for each in rounds),
            "requests": sum(each.requests for each in rounds),
            "calm_p99_ms": median([each.calm_p99 * 1000 for each in rounds]),
            "failure_p99_ms": median([each.failure_p99 * 1000 for each in rounds]),
            "harmed_s": median([each.harmed_for for each in rounds]),
            "left_alone_s": median([each.left_alone_after for each in rounds]),
            "back_s": median([each.back_after for each in rounds]),
            "extra_share": median([None if each.extra is None else each.extra / each.requests for each in rounds])}


def _judge(section: Section, rehearsal: Rehearsal, rounds: list[Outcome]) -> None:
    def at_most(sentence: str, values: list[float], unit: str, bound: float) -> None:
        section.checks.append(judge_most(sentence, Figure(max(values), min(values), max(values)), unit, bound))

    if rehearsal.all_fail:
        at_most(f"who cannot be answered is told within {REFUSAL_SECONDS:g} s (p99)",
                [each.refusal_p99 for each in rounds], "s", REFUSAL_SECONDS)
        at_most(f"used again within {RETURN_SECONDS:g} s",
                [CLIENT_SECONDS if each.back_after is None else each.back_after for each in rounds], "s",
                RETURN_SECONDS)
        at_most(f"no request fails from {SETTLED_SECONDS:g} s after their return on",
                [each.late_failed for each in rounds], "", 0)
    else:
        at_most("idempotent requests that failed: none", [each.failed for each in rounds], "", 0)
        at_most(f"origins are asked at most {RETRY_SHARE + HEDGE_SHARE:.0%} more",
                [max(each.extra, 0) / each.requests for each in rounds], "", RETRY_SHARE + HEDGE_SHARE)
    at_most(f"hedges: at most {HEDGE_SHARE:.0%} of the requests", [each.hedges / each.requests for each in rounds], "",
            HEDGE_SHARE)


def text_of(section: Section) -> list[str]:
    """The lines of a section's table."""
    lines = [f"  {'':<12}{'failed':>14}{'p99 calm':>12}{'p99 failing':>13}{'harm for':>11}{'left alone':>12}"
             f"{'used again':>12}{'extra':>8}"]
    for name, own in section.figures.items():
        failed = f"{own['failed_requests']:g}/{own['requests']:g}"
        lines.append(f"  {TITLES[name]:<12}{failed:>14}{own['calm_p99_ms']:>9.1f} ms{own['failure_p99_ms']:>10.1f} ms"
                     f"{_seconds(own['harmed_s']):>11}{_seconds(own['left_alone_s']):>12}{_seconds(own['back_s']):>12}"
                     f"{_share(own['extra_share']):>8}")
    return lines


def markdown_of(sections: list[Section]) -> str:
    """The table of docs/failing-upstreams.md."""
    lines = ["| what fails | in front | failed | p99 calm | p99 while it lasts | harm ends after | left alone after "
             "| used again after | more asked |", "|---|---|---|---|---|---|---|---|---|"]
    for section in sections:
        title = section.title.removeprefix("failures, ")
        for name, own in section.figures.items():
            cells = [title, TITLES[name], f"{own['failed_requests']:g} of {own['requests']:g}",
                     f"{own['calm_p99_ms']:.0f} ms", f"{own['failure_p99_ms']:.0f} ms", _seconds(own["harmed_s"]),
                     _seconds(own["left_alone_s"]), _seconds(own["back_s"]), _share(own["extra_share"])]
            lines.append(f"| {' | '.join(cells)} |")
            title = ""
    return "\n".join(lines) + "\n"


def is_own(section: Section) -> bool:
    return section.name.startswith("failures-")


def write_table(path: Path, sections: list[Section], facts: list[str]) -> None:
    """Puts the table between the two marks of a page, with the facts of the run below it."""
    before, begin, rest = path.read_text().partition("<!-- made by ./dev bench failures --table -->\n")
    _, end, after = rest.partition("<!-- end -->")
    path.write_text(f"{before}{begin}\n{markdown_of(sections)}\nMade on: {'; '.join(facts)}.\n\n{end}{after}")


def _seconds(value: float) -> str:
    return "-" if value < 0 else f"{value:.1f} s"


def _share(value: float) -> str:
    return "-" if value <= -1 else f"{value:+.1%}"
