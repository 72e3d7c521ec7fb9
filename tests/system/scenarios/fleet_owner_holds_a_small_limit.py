"""Four gateways that are asked for ten times a small limit let through what one bucket would: the key's owner decides.
It is killed and comes back: the next in the order decides meanwhile, and what two of them give out is one budget."""

from stand.fleet import Crowd, Fleet
from stand.stand import Stand
from stand.waiting import expect, until

LIMIT = 20
CHANGE_SECONDS = 3  # in which members ask a lost owner whether it is back (docs/fleet-limits.md)


def play(stand: Stand) -> None:
    fleet = Fleet(stand, LIMIT, budget="100ms")  # a busy machine's threads wake late
    bound = fleet.bound()
    expect(bound["worst_second"] <= 1.3 * LIMIT, f"what is stated: {bound}")
    expect("by the owners of its keys" in fleet.printed(0), f"weir limits says: {fleet.printed(0)}")
    with Crowd(fleet) as crowd:
        crowd.for_seconds(1)
        alive = crowd.for_seconds(10)
        owner = max(range(4), key=lambda number: owners(fleet, number)["for_others"])
        left = [number for number in range(4) if number != owner]
        expect(all(owners(fleet, number)["asked"] > 0 for number in left), "machines that ask the owner")
        # What is refused anyway is refused without asking.
        asked = sum(owners(fleet, number)["asked"] for number in left)
        expect(asked < 0.6 * crowd.asked, f"{asked} questions for {crowd.asked} requests")

        fleet.gateways[owner].kill()
        crowd.for_seconds(1)
        without = crowd.for_seconds(8)
        next_one = max(left, key=lambda number: owners(fleet, number)["for_others"])
        expect(owners(fleet, next_one)["for_others"] > 0, "the next in the order to decide")
        said = "".join(fleet.gateways[number].stderr() for number in left)
        expect(f"node-{owner} does not answer as the owner" in said, f"what the log says: {said}")

        fleet.launch(owner)
        until(lambda: fleet.holds(owner, "whole"), "the one that came back to take part")
        crowd.for_seconds(CHANGE_SECONDS)
        again = crowd.for_seconds(8)
        expect(owners(fleet, owner)["for_others"] > 0, "the one that came back to be asked again")
    figures = [crowd.kept_within(bound, what, *times)
               for what, times in (("all alive", alive), ("without the owner", without), ("with it again", again))]
    for what, times in (("all alive", alive), ("without", without), ("again", again)):
        expect(crowd.rate(times) >= 0.8 * LIMIT, f"{crowd.rate(times):.1f}/s of {LIMIT} {what}")
    # Over the changes: a burst of the next, a share of each that waited, and two owners for two seconds at most.
    most = {name: value + 2 * LIMIT + 2 + 4 for name, value in bound.items()}
    crowd.kept_within(most, "from before the kill to behind the return")
    stand.note("; ".join(figures))


def owners(fleet: Fleet, number: int) -> dict:
    return fleet.page(number)["rules"][0]["owners"]
