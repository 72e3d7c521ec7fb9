"""A fleet of four is cut in two halves under load: no half is a majority, so each member keeps the last ratio for a
while and then gives out its share; all of it is told, and over when the wire is whole again.

The wire is between two network namespaces, which only root may make. For others this scenario is skipped.
"""

import time

from stand.fleet import Crowd, Fleet
from stand.namespaces import HOSTS, Wire
from stand.stand import Stand
from stand.waiting import expect, until

LIMIT = 200


def play(stand: Stand) -> None:
    if not Wire.can_be_made():
        stand.note("SKIPPED: only root may make network namespaces; a fleet that is cut in two was NOT tested")
        return
    wire = stand.wire()
    fleet = Fleet(stand, LIMIT, keep="3s", hosts=list(HOSTS), prefixes=wire.prefixes)
    everybody = range(4)
    bound, alone = fleet.bound(), fleet.bound("bound_while_nobody_answers")
    with Crowd(fleet) as crowd:
        crowd.for_seconds(3)
        cut = time.monotonic()
        wire.cut()
        until(lambda: all(fleet.holds(number, "kept") for number in everybody), "the last ratio to be kept")
        until(lambda: all(fleet.holds(number, "share") for number in everybody), "shares to be given out")
        said = fleet.printed(0)
        expect("3 by this machine's share" in said and "while nobody answers, all together" in said, said)
        until(lambda: "no majority answers" in fleet.gateways[3].stderr(), "the log to tell of it")
        shared = crowd.for_seconds(8)
        wire.join()
        until(lambda: all(fleet.holds(number, "whole") for number in everybody), "a fleet that is whole again",
              seconds=30)
        until(lambda: "has an aggregator again" in fleet.gateways[3].stderr(), "the log to tell that it is over")
        again = crowd.expect_rate(crowd.calm_seconds(5), 0.06, "together again")
    expect(0.7 * LIMIT <= crowd.rate(shared) <= alone["mean_per_second"], f"{crowd.rate(shared):.1f}/s by shares")
    # While the last ratio is kept, more traffic is more that passes: nothing is stated of that time but its length.
    whole = crowd.kept_within(bound, "before the cut", ended=cut)
    shares = crowd.kept_within(alone, "by shares and whole again", begun=shared[0])
    stand.note(f"{crowd.rate(shared):.1f}/s of {LIMIT} by shares, {again}; {whole}; {shares}")
