"""The iterator that works ahead of its consumer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from telemetry_store.ahead import prefetched


def makers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "telemetry-ahead"]


def test_all_items_come_in_order() -> None:
    """Nothing is lost, doubled or reordered, and a single item needs no thread."""
    assert list(prefetched(range(1000))) == list(range(1000))
    assert list(prefetched([])) == []
    single = prefetched([1])
    assert next(single) == 1
    assert not makers()


def test_it_works_ahead_but_not_far() -> None:
    """While the first items are used the next ones are made, at most a few of them."""
    made = []
    third = threading.Event()

    def source() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    items = prefetched(source())
    assert [next(items), next(items)] == [0, 1]
    assert third.wait(10)
    assert len(made) < 10
    items.close()
    assert not makers()


def test_an_error_is_raised_in_its_place() -> None:
    """What making an item raised comes after the items before it, and the thread has ended."""

    def source() -> Iterator[int]:
        yield from range(5)
        raise KeyError("five")

    got = []
    with pytest.raises(KeyError, match="five"):
        got.extend(prefetched(source()))
    assert got == list(range(5))
    assert not makers()


def test_the_child_of_a_fork_does_not_wait() -> None:
    """A child that goes on with its parent's iterator gets an error instead of waiting for a thread it has not."""
    items = prefetched(range(100))
    next(items), next(items)
    child = os.fork()
    if child == 0:
        try:
            for _ in items:
                pass
            os._exit(1)
        except RuntimeError:
            os._exit(0)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(items) == list(range(2, 100))
