"""Shows that the bench measures what it says: its judgements by figures made up here, its programs by talking to them.

The programs are taken from build/release/bench or, with WEIR_BENCH_BUILD, from that build folder; without them those
tests are skipped, for they need the release preset.
"""

import asyncio
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

import write_profile
from harness import (contenders, crowd, failures, figures, fleet, fronts, idle, lb, limits, machine, overload, page,
                     redis, rehearsal, rows, tls)
from harness.contenders import Unavailable
from harness.generators import BROWSER_FIELDS, Answers, Load, _read_h2load, _read_openssl, _read_wrk
from harness.rounds import Measured, Rounds, Window
from harness.verdicts import MISS, NOT_JUDGED, PASS, VOID, judge

PROGRAMS = Path(os.environ.get("WEIR_BENCH_BUILD", Path(__file__).parent.parent / "build/release")) / "bench"


def window(cpu_us: float, failed: int = 0, rate: float = 1000.0) -> Window:
    return Window(cpu_us, rate, 0.5, 0.0, Answers(1000, failed, 100.0, 200.0))


def measured(row: rows.Row, **cpu: list[float]) -> Measured:
    return Measured(row, {name: [window(value) for value in values] for name, values in cpu.items()})


class Figures(unittest.TestCase):
    def test_ratio_is_taken_within_rounds_so_a_common_drift_cancels(self):
        self.assertEqual((2.0, 2.0, 2.0), tuple(vars(figures.ratio([2, 20, 4], [1, 10, 2])).values()))

    def test_interval_holds_the_median_and_is_the_same_every_time(self):
        values = [9.8, 10.1, 10.0, 10.9, 9.9]
        one = figures.figure(values)
        self.assertEqual(10.0, one.median)
        self.assertTrue(min(values) <= one.low <= one.median <= one.high <= max(values))
        self.assertEqual(one, figures.figure(values))


class Door(unittest.TestCase):
    def test_words_that_mean_nothing_cost_no_build(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, body in (("cmake", f"touch {directory}/built; exit 1"), ("dpkg-query", "printf installed")):
                (Path(directory) / name).write_text(f"#!/bin/sh\n{body}\n")
                (Path(directory) / name).chmod(0o755)
            for words, code, said in ((["porxy"], 64, "porxy"), (["--help"], 0, "usage: bench")):
                done = subprocess.run([Path(__file__).parent.parent / "dev", "bench", *words], text=True, timeout=60,
                                      env=os.environ | {"PATH": f"{directory}:{os.environ['PATH']}"},
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual(code, done.returncode, done.stdout)
                self.assertIn(said, done.stdout)
            self.assertFalse((Path(directory) / "built").exists())


class Profile(unittest.TestCase):
    def test_a_gateway_that_counted_nothing_writes_no_profile(self):
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "1.profraw").touch()
            with self.assertRaisesRegex(Unavailable, "two gateways ran and 1 wrote"):
                write_profile.merge(Path(directory), Path(directory) / "weir.profdata")
            self.assertFalse((Path(directory) / "weir.profdata").exists())


class Limits(unittest.TestCase):
    report = {"log": {"requests": 6, "differences": 0},
              "worst": {"token_bucket": 1.9, "gcra": 1.0, "fixed_window": 2.0, "sliding_window": 1.2,
                        "sliding_log": 1.0},
              "cores": {"cores": 4, "limit": 1000, "rounds": 5, "least": 1000, "most": 1003},
              "sliding_window": [{"shape": "on_and_off", "requests": 6, "admitted_wrongly": 0.01,
                                  "refused_wrongly": 0.02, "mean_error": 0.05}],
              "plot": {"limit": 10, "step_seconds": 0.5, "offered": [4, 8], "admitted": {"gcra": [4, 5]}}}

    def test_a_report_within_its_bounds_passes_and_states_its_errors(self):
        section = limits.exactness_of(self.report)
        self.assertEqual([], section.missed())
        self.assertEqual(PASS, section.verdict())
        self.assertIn("1.000% admitted wrongly", section.remarks[0])

    def test_each_bound_is_missed_by_what_is_beyond_it(self):
        for part, member, value in (("log", "differences", 1), ("worst", "sliding_log", 1.01), ("worst", "gcra", 1.1),
                                    ("cores", "most", 1004)):
            report = {**self.report, part: {**self.report[part], member: value}}
            self.assertEqual(1, len(limits.exactness_of(report).missed()), member)

    def test_a_plot_shows_each_algorithm_and_what_it_admitted(self):
        drawn = limits.svg_of(self.report["plot"])
        self.assertIn(">gcra<", drawn)
        self.assertIn("9 admitted", drawn)
        self.assertEqual(2, drawn.count("<polyline"))

    def test_what_asking_redis_adds_is_shown_and_judged(self):
        asked = {"median": 100.0, "p99": 200.0, "total": 40.0, "cpu": 9.5}
        rounds = [dict.fromkeys(redis.ROUTES, asked) | {"slow": asked | {"median": 900.0}} for _ in range(3)]
        section = redis.section_of(rounds)
        self.assertEqual(["limits-redis: slow: adds at most 150 us to the median request"], section.missed())
        slow = next(line for line in page.text_of(section).splitlines() if line.startswith("  slow"))
        self.assertEqual(["slow", "900", "200", "800", "9.5"], slow.split())


class Balancing(unittest.TestCase):
    report = {"supermarket": [{"load": 0.5, "choices": 2, "mean": 1.27, "closed_form": 1.2657}],
              "maglev": [{"endpoints": 100, "places": 65537, "most": 1.001, "least": 0.999, "moved": 0.005}],
              "fleet": [{"policy": "reported_load_probing", "load": 0.85, "seeds": 5, "mean": 20.0, "p99": 95.0,
                         "p999": 130.0}]}

    def test_a_report_within_its_bounds_passes_and_tells_of_every_policy(self):
        section = lb.worth_of(self.report)
        self.assertEqual([], section.missed())
        self.assertIn("p99 95 ms", section.remarks[-1])

    def test_each_bound_is_missed_by_what_is_beyond_it(self):
        for part, member, value in (("supermarket", "mean", 1.29), ("maglev", "most", 1.003),
                                    ("maglev", "moved", 0.008), ("fleet", "p99", 105.1)):
            report = {**self.report, part: [{**self.report[part][0], member: value}]}
            self.assertEqual(1, len(lb.worth_of(report).missed()), member)


class Failures(unittest.TestCase):
    kill, everything = (next(each for each in failures.REHEARSALS if each.name == name) for name in ("kill", "all"))

    def outcome(self, seen: list[rehearsal.Seen], of: failures.Rehearsal = kill, **told) -> failures.Outcome:
        """Calm until 3, a failure until 7."""
        return failures.outcome_of(of, seen, 0.0, 3.0, 7.0, 7.1, **{"extra": 0, **told})

    @staticmethod
    def calm() -> list[rehearsal.Seen]:
        return [rehearsal.Seen(at / 100, at / 100 + 0.01, "one", "") for at in range(300)]

    def missed(self, outcome: failures.Outcome, of: failures.Rehearsal = kill) -> list[str]:
        return failures.section_of(of, {"weir": [outcome]}).missed()

    def test_a_request_that_failed_is_a_miss_and_told_by_its_kind(self):
        seen = [*self.calm(), rehearsal.Seen(3.5, 3.6, "", "status 502"), rehearsal.Seen(7.5, 7.51, "two", "")]
        outcome = self.outcome(seen)
        self.assertEqual((1, {"status 502": 1}), (outcome.failed, outcome.failures))
        self.assertAlmostEqual(0.6, outcome.harmed_for)
        self.assertAlmostEqual(0.41, outcome.back_after)
        self.assertEqual(["failures-kill: idempotent requests that failed: none"], self.missed(outcome))
        self.assertEqual([], self.missed(self.outcome(self.calm())))

    def test_more_asked_than_the_budgets_allow_is_a_miss(self):
        self.assertEqual([], self.missed(self.outcome(self.calm(), extra=75, hedges=15)))
        self.assertEqual(1, len(self.missed(self.outcome(self.calm(), extra=76))))
        self.assertEqual(1, len(self.missed(self.outcome(self.calm(), hedges=16))))

    def test_when_all_are_down_failing_is_judged_by_its_speed_and_its_end(self):
        told_soon = rehearsal.Seen(4.0, 4.1, "", "status 502")
        back = rehearsal.Seen(7.2, 7.3, "three", "")
        self.assertEqual([], self.missed(self.outcome([*self.calm(), told_soon, back], self.everything),
                                         self.everything))
        for late in (rehearsal.Seen(4.0, 5.5, "", "no answer in time"), rehearsal.Seen(8.2, 8.3, "", "status 502")):
            outcome = self.outcome([*self.calm(), late, back], self.everything)
            self.assertEqual(1, len(self.missed(outcome, self.everything)), late)
        self.assertEqual(1, len(self.missed(self.outcome([*self.calm(), told_soon], self.everything),
                                            self.everything)))

    def test_a_page_gets_the_table_between_its_marks_and_nowhere_else(self):
        section = failures.section_of(self.kill, {"weir": [self.outcome(self.calm())]})
        with tempfile.TemporaryDirectory() as directory:
            page_with_table = Path(directory) / "page.md"
            page_with_table.write_text("before\n<!-- made by ./dev bench failures --table -->\nold\n"
                                       "<!-- end -->\nafter\n")
            for _ in range(2):
                failures.write_table(page_with_table, [section], ["two cores"])
            text = page_with_table.read_text()
        self.assertNotIn("old", text)
        self.assertIn("Made on: two cores.", text)
        self.assertEqual(1, text.count("| kill -9 of one of three | Weir | 0 of 300 |"))
        self.assertTrue(text.startswith("before\n") and text.endswith("<!-- end -->\nafter\n"))

    def test_an_origin_fails_as_it_is_told_and_a_client_sees_it(self):
        with tempfile.TemporaryDirectory() as directory:
            origin = rehearsal.Origin("one", "127.0.0.1", machine.free_port(), Path(directory))
            try:
                seen = {}
                for way in ("plain", "half", "reset", "drip"):
                    origin.behave(way)
                    seen[way] = asyncio.run(self.one_request(origin.port))
                self.assertEqual(4, origin.arrived())
            finally:
                origin.stop()
        self.assertEqual(("one", ""), (seen["plain"].origin, seen["plain"].failure))
        self.assertRegex(seen["half"].failure, "cut")
        self.assertRegex(seen["reset"].failure, "cut")
        self.assertEqual("no answer in time", seen["drip"].failure)

    @staticmethod
    async def one_request(port: int) -> rehearsal.Seen:
        client = rehearsal.Client(port, seed=1)
        client.ask(time.monotonic())
        await client.settle()
        return client.seen[0]


class Judgements(unittest.TestCase):
    row = rows.Row("r", "r", Load(),
                   (rows.Budget("weir", "null", "rate", 0.88), rows.Budget("weir", "nginx", "cpu", 0.9)))

    def verdicts(self, measured_row: Measured) -> list[str]:
        return [judge(measured_row, budget).verdict for budget in self.row.budgets]

    def test_rate_is_the_inverse_of_cost(self):
        check = judge(measured(self.row, weir=[10.0] * 3, null=[8.8] * 3), self.row.budgets[0])
        self.assertAlmostEqual(0.88, check.figure.median)
        self.assertEqual(PASS, check.verdict)

    def test_a_missed_budget_is_named(self):
        section = page.section_of(measured(self.row, weir=[10.0] * 3, null=[8.0] * 3, nginx=[10.5] * 3))
        self.assertEqual(["r: Weir: rate >= 0.88 of null proxy's", "r: Weir: CPU per request <= 0.90 of nginx's"],
                         section.missed())
        self.assertEqual("miss", section.as_json()["verdict"])

    def test_without_weir_nothing_is_passed(self):
        self.assertEqual([NOT_JUDGED] * 2, self.verdicts(measured(self.row, null=[8.0] * 3, nginx=[10.0] * 3)))

    def test_wrong_answers_are_a_miss_however_cheap(self):
        cheap = measured(self.row, weir=[1.0] * 3, null=[8.0] * 3, nginx=[10.0] * 3)
        cheap.windows["weir"][1] = window(1.0, failed=3)
        Rounds._remark(cheap, 0, 0.0)
        self.assertEqual([MISS] * 2, self.verdicts(cheap))

    def test_a_peer_that_falls_behind_stays_in_the_comparison_and_weir_must_not(self):
        row = rows.Row("r", "r", Load(rate=2000), self.row.budgets)
        for slow, expected in (("nginx", [PASS, PASS]), ("weir", [MISS, MISS])):
            behind = measured(row, weir=[8.0] * 3, null=[8.0] * 3, nginx=[10.0] * 3)
            for name in behind.windows:
                behind.windows[name] = [window(each.cpu_us, rate=1500.0 if name == slow else 2000.0)
                                        for each in behind.windows[name]]
            Rounds._remark(behind, 0, 0.0)
            self.assertEqual(expected, self.verdicts(behind))

    def test_a_load_that_not_even_the_null_proxy_got_says_nothing_about_weir(self):
        late = measured(rows.Row("r", "r", Load(rate=2000), self.row.budgets), weir=[8.0], null=[8.0], nginx=[10.0])
        Rounds._remark(late, 0, 0.0)
        self.assertEqual([VOID] * 2, self.verdicts(late))


class Wrk(unittest.TestCase):
    def test_output_is_read_with_its_units_and_errors(self):
        answers = _read_wrk("     50%  597.61us\n     99%    4.57ms\n  152196 requests in 2.00s, 182.16MB read\n"
                            "  Socket errors: connect 0, read 3, write 0, timeout 1\n  Non-2xx or 3xx responses: 2\n"
                            "Requests/sec:  76005.31\n")
        self.assertEqual((152196, 6, 597.61, 4570.0),
                         (answers.completed, answers.failed, answers.latency_p50_us, answers.latency_p99_us))

    def test_h2load_is_read_with_what_failed(self):
        answers = _read_h2load("finished in 3.00s, 49999.67 req/s, 53.14MB/s\nrequests: 150010 total, 150010 started, "
                               "149999 done, 149990 succeeded, 4 failed, 2 errored, 3 timeout\n")
        self.assertEqual((149990, 9, None), (answers.completed, answers.failed, answers.latency_p50_us))

    def test_handshakes_of_all_clients_are_added_and_who_gave_up_is_counted(self):
        one = "\n\n812 connections in 1.10s; 738.18 connections/user sec, bytes read 1011752\n" \
              "812 connections in 4 real seconds, 1246 bytes read per connection\n"
        answers = _read_openssl(one + "gave up\n" + one)
        self.assertEqual((1624, 1), (answers.completed, answers.failed))

    def test_a_page_shows_no_latency_where_the_generator_tells_none(self):
        silent = {"weir": [Window(12.0, 1000.0, 0.5, 0.0, Answers(1000, 0, None, None))]}
        line = page.text_of(page.section_of(Measured(tls.ROWS[0], silent))).splitlines()[5]
        self.assertEqual(["Weir", "12.00"], line.split()[:2])
        self.assertEqual("-", line.split()[-1])

    def test_a_browser_head_has_a_browser_head_s_size(self):
        request = "GET /1k HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n" + "".join(f"{each}\r\n" for each in BROWSER_FIELDS)
        self.assertTrue(700 <= len(request) + 2 <= 1000, len(request))


class Fronts(unittest.TestCase):
    def test_every_hole_of_every_template_is_filled_whatever_the_front(self):
        templates = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "h2o": "h2o.conf", "weir": "weir.yaml"}
        for name, template in templates.items():
            for front in (fronts.PLAIN, fronts.TLS, fronts.HTTP2, fronts.HTTP2_PLAIN):
                words = front.words(name, Path("/pair.pem") if front.tls else None)
                values = {"PORT": 1, "ORIGIN_PORT": 2, "DIRECTORY": "/", "RUNTIME": "", "TELLS": "", **words}
                with tempfile.TemporaryDirectory() as directory:
                    text = Path(contenders.render(template, values, Path(directory))).read_text()
                said = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
                self.assertNotIn("@", said, (name, front.name))
                self.assertEqual(front.tls, "/pair.pem" in said, (name, front.name))

    def test_the_crowd_s_first_request_is_a_head_that_needs_no_table(self):
        request = crowd.first_request("http2")
        self.assertEqual((len(request) - 9, 1, 5), (int.from_bytes(request[:3]), request[3], request[4]))
        self.assertTrue(crowd.ends_a_stream(crowd.frame(4, 0, 0) + crowd.frame(1, 4, 1) + crowd.frame(0, 1, 1, b"x")))
        self.assertFalse(crowd.ends_a_stream(crowd.frame(1, 4, 1) + crowd.frame(0, 1, 1, b"cut")[:-1]))

    def test_idle_memory_beyond_the_budget_or_of_fewer_connections_is_a_miss(self):
        row = tls.IDLE_ROWS[0]
        verdicts = [idle._check(row, held, still_open).verdict
                    for held, still_open in ((row.bytes_max, row.connections), (row.bytes_max + 1, row.connections),
                                             (row.bytes_max, row.connections - 1))]
        self.assertEqual([PASS, MISS, MISS], verdicts)


@unittest.skipUnless((PROGRAMS / "bench_load").exists(), "needs the bench programs (./dev build)")
class Programs(unittest.TestCase):
    def start(self, name: str, *arguments: str) -> int:
        """Starts a program; returns the port it listens on."""
        process = subprocess.Popen([PROGRAMS / name, *arguments], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return int(process.stdout.readline().decode().rpartition(":")[2])

    def load(self, port: int, *arguments: str) -> tuple[int, dict]:
        answer = subprocess.run([PROGRAMS / "bench_load", "--address", f"127.0.0.1:{port}", "--connections", "8",
                                 "--warm-up", "0", "--seconds", "0.2", *arguments], capture_output=True, timeout=20)
        return answer.returncode, json.loads(answer.stdout)

    def test_null_proxy_relays_large_bodies_unchanged_and_the_origin_counts(self):
        with tempfile.TemporaryDirectory() as directory:
            counter = Path(directory, "answered")
            origin = self.start("bench_origin", "--counter", str(counter))
            for nap in ("0", "50"):
                proxy = self.start("null_proxy", "--upstream", f"127.0.0.1:{origin}", "--coalesce", nap)
                for path, size in (("/1k", 1024), ("/100k", 102400), ("/16m", 16 << 20), ("/0", 0)):
                    with urllib.request.urlopen(f"http://127.0.0.1:{proxy}{path}", timeout=10) as answer:
                        self.assertEqual(b"w" * size, answer.read())
                        self.assertIn("GMT", answer.headers["date"])
            self.assertEqual(8, int.from_bytes(counter.read_bytes(), "little"))

    def test_load_keeps_its_rate_and_counts_every_answer(self):
        origin = self.start("bench_origin")
        code, said = self.load(origin, "--rate", "2000")
        self.assertEqual(0, code)
        self.assertEqual((0, 0, said["sent"]), (said["failed"], said["unfinished"], said["completed"]))
        self.assertTrue(250 <= said["sent"] <= 550, said)  # Poisson around 400: seven standard deviations
        self.assertGreater(self.load(origin)[1]["completed"], 400)

    def test_load_calls_a_wrong_answer_wrong(self):
        code, said = self.load(self.start("bench_origin"), "--path", "/nothing-here")
        self.assertEqual((1, 8), (code, said["failed"]))  # each connection's first answer, then it retires

    def test_load_reads_an_answer_in_pieces_of_one_byte(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=answer_in_bytes, args=(server, 3))
            thread.start()
            code, said = self.load(server.getsockname()[1], "--connections", "1", "--rate", "15")
            thread.join()
        self.assertEqual((0, said["sent"]), (said["failed"], said["completed"]))


def answer_in_bytes(server: socket.socket, bytes_of_body: int) -> None:
    """Serves one connection until it closes, one byte a send."""
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with peer:
        while peer.recv(65536):
            for byte in b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: %d\r\n\r\n" % bytes_of_body + b"x" * bytes_of_body:
                peer.send(bytes([byte]))


class Overload(unittest.TestCase):
    row = {"origin": "64 workers, 10 ms", "judged": True, "what": "steady", "offered": 2.0, "goodput": 0.97, "p99": 1.1,
           "limit": 70}

    def test_a_row_within_its_bounds_passes_and_one_beyond_them_is_missed(self):
        section = overload.sections_of([self.row])[0]
        self.assertEqual((PASS, []), (section.verdict(), section.missed()))
        for key, value in (("goodput", 0.94), ("p99", 2.1)):
            self.assertEqual(1, len(overload.sections_of([{**self.row, key: value}])[0].missed()), key)

    def test_what_is_not_judged_is_shown_and_never_missed(self):
        section = overload.sections_of([{**self.row, "judged": False, "goodput": 0.1}])[0]
        self.assertEqual([], section.missed())
        self.assertEqual(0.1, section.figures["2x, steady"]["goodput"].median)

    def test_what_is_not_judged_and_misses_says_so(self):
        missing = overload.sections_of([{**self.row, "judged": False, "p99": 2.4}])[0]
        self.assertRegex(missing.remarks[0], r"misses 2 x idle in 1 of 1 rows, by up to 2\.4 x")
        self.assertEqual([], overload.sections_of([{**self.row, "judged": False}])[0].remarks)
        self.assertEqual([], overload.sections_of([{**self.row, "p99": 2.4}])[0].remarks)


class Fleet(unittest.TestCase):
    one = {"nodes": 4, "shape": "step", "seed": 1, "mean": 0.9, "ideal": 0.9, "refused": 0.5, "worst_second": 1.1,
           "worst_ten_seconds": 1.01, "first_seconds": 1.2, "messages": 100, "bytes": 4000, "messages_most": 300,
           "bytes_most": 9000}
    report = {"seconds": 120, "seeds": 1, "decisions_per_second": 5e6, "naive_worst_second": {"step": 10.1},
              "runs": [one, {**one, "shape": "below", "mean": 0.8, "ideal": 0.8, "refused": 0}]}

    def test_a_report_within_its_bounds_passes_and_shows_the_naive_way_beside_it(self):
        section = fleet.section_of(self.report)
        self.assertEqual([], section.missed())
        self.assertTrue(any("10.1" in remark for remark in section.remarks), section.remarks)
        self.assertTrue(any("4 nodes" in remark and "messages" in remark for remark in section.remarks))

    def test_each_bound_is_missed_by_what_is_beyond_it(self):
        for member, value in (("mean", 0.92), ("worst_second", 1.21), ("worst_ten_seconds", 1.03), ("messages", 400),
                              ("messages_most", 5000)):
            runs = [{**self.one, member: value}, *self.report["runs"][1:]]
            self.assertEqual(1, len(fleet.section_of({**self.report, "runs": runs}).missed()), member)
        refusing = [self.report["runs"][0], {**self.report["runs"][1], "refused": 0.02, "mean": 0.79}]
        self.assertEqual(2, len(fleet.section_of({**self.report, "runs": refusing}).missed()))
        slow = {**self.report, "decisions_per_second": 9e5}
        self.assertEqual(1, len(fleet.section_of(slow).missed()))
        owned = {"nodes": 4, "limit": "5/s", "lost": False, "worst_second": 6, "worst_ten_seconds": 51,
                 "bound_second": 6, "bound_ten_seconds": 51, "mean": 0.95, "messages": 20, "messages_most": 60,
                 "longest_wait_ms": 1.0}
        self.assertEqual([], fleet.section_of({**self.report, "owners": [owned]}).missed())
        for member, value in (("worst_second", 7), ("worst_ten_seconds", 52), ("mean", 0.8), ("longest_wait_ms", 13)):
            own = [{**owned, member: value}, {**owned, "lost": True, "worst_second": 9}]
            self.assertEqual(1, len(fleet.section_of({**self.report, "owners": own}).missed()), member)
        growing = [{**self.one, "nodes": 32}, {**self.one, "nodes": 256, "messages_most": 390, "bytes_most": 9100}]
        self.assertEqual(1, len(fleet.section_of({**self.report, "runs": [*growing, self.report["runs"][1]]}).missed()))


if __name__ == "__main__":
    unittest.main()
