"""Things that take a while to fetch, such as from a bucket: some are fetched before they are asked for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LANES = 16
_AHEAD = 32  # things; each may be as large as an organisation's folder

_T = TypeVar("_T")


class Ahead(Generic[_T]):
    """What `load` returns or raises for each name; who asks for one will ask for those after it, mostly."""

    def __init__(self, load: Callable[[str], _T]) -> None:
        self._load = load
        self._names: list[str] = []
        self._at: dict[str, int] = {}
        self._coming: dict[str, Future[_T]] = {}
        self._lanes = ThreadPoolExecutor(_LANES, thread_name_prefix="ahead")

    def expect(self, names: Iterable[str]) -> None:
        """Say in which order they will be asked for."""
        self._names = list(names)
        self._at = {name: number for number, name in enumerate(self._names)}

    def get(self, name: str) -> _T:
        """Return one, and let those that follow it come."""
        at = self._at.get(name)
        if at is None:
            return self._load(name)
        for following in self._names[at : at + _AHEAD]:
            if following not in self._coming:
                self._coming[following] = self._lanes.submit(self._load, following)
        # What was passed over is not kept for anybody.
        for old in [one for one in self._coming if self._at[one] < at]:
            del self._coming[old]
        found = self._coming.pop(name)
        return found.result()

    def close(self) -> None:
        """End what is still under way."""
        self._lanes.shutdown(wait=False, cancel_futures=True)
