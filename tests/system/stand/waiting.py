"""The one way to wait, and the one way to fail.

Nothing in these tests sleeps for a while and hopes: a scenario waits for a condition, and says what it waited for when
the deadline passes first.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_SECONDS = 15.0  # far more than anything needs on an idle machine; these run on busy ones
POLL_SECONDS = 0.005


class Failure(Exception):
    """The scenario saw something else than it must."""


def expect(condition: object, sentence: str) -> None:
    if not condition:
        raise Failure(sentence)


def same(came: object, wanted: object, what: str) -> None:
    if came != wanted:
        raise Failure(f"{what}: expected {wanted!r}, came {came!r}")


def until(condition: Callable[[], object], what: str, seconds: float = STEP_SECONDS,
          story: Callable[[], object] = lambda: "") -> object:
    """Waits until the condition holds and returns what it returned; `story` adds what is known when it never does."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds:.0f} s for {what}. {story()}".rstrip())
        time.sleep(POLL_SECONDS)
    return value
