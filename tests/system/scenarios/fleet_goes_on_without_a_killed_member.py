"""Of four gateways the one that keeps most accounts is killed with -9 under load: the others hold the whole limit."""

from stand.fleet import Crowd, Fleet
from stand.stand import Stand
from stand.waiting import expect, until

LIMIT = 200
PATIENCE_SECONDS = 0.3  # after which a member counts as gone (docs/fleet-limits.md)


def play(stand: Stand) -> None:
    fleet = Fleet(stand, LIMIT)
    bound = fleet.bound()
    with Crowd(fleet) as crowd:
        crowd.for_seconds(2)
        fallen = fleet.busiest()
        expect(fleet.says(fallen)["aggregates"] > 0, "a member that keeps accounts")
        fleet.gateways[fallen].kill()
        left = [number for number in range(4) if number != fallen]
        crowd.for_seconds(PATIENCE_SECONDS)
        until(lambda: all(fleet.holds(number, "whole") for number in left), "the next to keep the accounts")
        until(lambda: sum(fleet.says(number)["aggregates"] for number in left) == 3, "all accounts to be kept")
        until(lambda: max(fleet.says(number)["members_heard"] for number in left) == 3, "one that hears all left")
        without = crowd.expect_rate(crowd.calm_seconds(8), 0.06, "without it")

        fleet.launch(fallen)
        until(lambda: fleet.holds(fallen, "whole"), "the one that came back to take part")
        until(lambda: fleet.says(fallen)["aggregates"] > 0, "the one that came back to keep its accounts again")
        again = crowd.expect_rate(crowd.calm_seconds(5), 0.06, "with it again")
        expect(fleet.page(fallen)["rules"][0]["admitted"] > 0, "the one that came back lets its part through")
    figures = crowd.kept_within(bound, "from before the kill to behind the return")
    stand.note(f"{without}, {again}; {figures}")
