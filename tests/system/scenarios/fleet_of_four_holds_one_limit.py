"""Four gateways that are asked for many times their limit let through what one would, within the bound they print."""

from stand.fleet import Crowd, Fleet
from stand.stand import Stand
from stand.waiting import expect

LIMIT = 200
SECONDS = 11


def play(stand: Stand) -> None:
    fleet = Fleet(stand, LIMIT)
    bound = fleet.bound()
    expect(f"{bound['worst_second']} in the worst second" in fleet.printed(0), f"weir limits says: {fleet.printed(0)}")
    with Crowd(fleet) as crowd:
        crowd.for_seconds(0.5)  # the keys become hot, and what was spent before is paid back
        begun = crowd.for_seconds(SECONDS / 2)[0]
        for number, gateway in enumerate(fleet.gateways):  # counters of a rule that stays outlive a reload
            fleet.write(number, "in again")
            gateway.reload()
        times = begun, crowd.for_seconds(SECONDS / 2)[1]
    expect(crowd.asked > 2 * LIMIT * SECONDS, f"only {crowd.asked} requests: no load for a limit of {LIMIT}/s")
    figures = crowd.kept_within(bound, "all alive")
    mean = crowd.expect_rate(times, 0.03, "in the mean")
    # Each of them lets its part through: it is no gateway's own bucket that holds the limit.
    parts = [fleet.page(number)["rules"][0]["admitted"] for number in range(4)]
    expect(min(parts) > 0.05 * sum(parts), f"what each let through: {parts}")
    messages = sum(fleet.says(number)["messages_sent"] for number in range(4))
    expect(messages < crowd.asked, f"{messages} messages for {crowd.asked} requests")
    stand.note(f"{crowd.asked} requests, {mean}; {figures}")
