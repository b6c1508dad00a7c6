"""An iterator that works ahead of whoever consumes it."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

_T = TypeVar("_T")
#: Items that wait to be used.
_DEPTH = 2
#: Seconds to wait before looking whether the thread is still there; a fork leaves it behind.
_LOOK = 1.0


def prefetched(items: Iterable[_T], depth: int = _DEPTH) -> Generator[_T]:
    """Yield the items, made in a thread of their own, up to `depth` in front of the one that is being used.

    The first is made right here: where there is no second, there is no thread. When this generator is closed, the
    thread has ended.

    Raises:
        Exception: whatever making an item raised, in its place.
    """
    source = iter(items)
    for first in source:
        yield first
        break
    else:
        return
    maker = _Maker(source, depth)
    try:
        maker.start()
    except RuntimeError:  # the interpreter is ending and starts no threads any more
        yield from source
        return
    try:
        yield from maker.items()
    finally:
        maker.stop()


class _Maker(threading.Thread, Generic[_T]):
    def __init__(self, source: Iterator[_T], depth: int) -> None:
        super().__init__(name="telemetry-ahead", daemon=True)
        self._source = source
        self._items: SimpleQueue[_T | _Maker[_T]] = SimpleQueue()
        self._room = threading.Semaphore(depth)
        self._stopping = False
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            for item in self._source:
                self._room.acquire()
                if self._stopping:
                    return
                self._items.put(item)
        except BaseException as error:  # noqa: BLE001 - it is raised where the item would have been used
            self._error = error
        finally:
            self._items.put(self)

    def items(self) -> Iterator[_T]:
        while True:
            try:
                item = self._items.get(timeout=_LOOK)
            except Empty:
                if self.is_alive():
                    continue
                raise RuntimeError("the thread that reads ahead is gone, as after a fork") from None
            if isinstance(item, _Maker):
                break
            yield item
            del item
            self._room.release()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread, whatever it was about to make."""
        self._stopping = True
        self._room.release()
        self.join()
