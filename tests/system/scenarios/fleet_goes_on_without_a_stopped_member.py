"""Of four gateways the one that keeps most accounts is stopped for three seconds under load, and goes on: what it knew
by then is old, and neither it nor the others let more through than they state."""

import signal

from stand.fleet import Crowd, Fleet
from stand.stand import Stand
from stand.waiting import until

LIMIT = 200
STOPPED_SECONDS = 3  # longer than `keep`


def play(stand: Stand) -> None:
    fleet = Fleet(stand, LIMIT)
    bound = fleet.bound()
    with Crowd(fleet) as crowd:
        crowd.for_seconds(2)
        stopped = fleet.busiest()
        left = [number for number in range(4) if number != stopped]
        fleet.gateways[stopped].signal(signal.SIGSTOP)
        until(lambda: sum(fleet.says(number)["aggregates"] for number in left) == 3, "all accounts to be kept")
        until(lambda: all(fleet.holds(number, "whole") for number in left), "the next to be believed")
        without = crowd.for_seconds(STOPPED_SECONDS)
        fleet.gateways[stopped].signal(signal.SIGCONT)
        until(lambda: fleet.says(stopped)["aggregates"] > 0 and fleet.holds(stopped, "whole"),
              "the one that goes on to keep its accounts again")
        again = crowd.expect_rate(crowd.calm_seconds(5), 0.06, "with it again")
    without = crowd.expect_rate(without, 0.06, "without it")
    figures = crowd.kept_within(bound, "from before the stop to behind the return")
    stand.note(f"{without}, {again}; {figures}")
