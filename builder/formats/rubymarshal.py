"""Ruby's Marshal format 4.8 (ruby's doc/marshal.rdoc), written: as much of it as an index of gems needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_VERSION = b"\x04\x08"
_SMALL = 123  # the first number that no single byte holds
_MOST = 1 << 30  # Ruby writes what is larger as another type


class RubySymbol(str):
    """A Ruby symbol, without its colon."""

    __slots__ = ()


class RubyObject(msgspec.Struct, frozen=True):
    """An object of the class `name` that its marshal_load makes of `value`."""

    name: str
    value: Any


class RubyDump(msgspec.Struct, frozen=True):
    """An object of the class `name` that its _load makes of bytes."""

    name: str
    data: bytes


class RubyInstance(msgspec.Struct, frozen=True):
    """An object of the class `name` with instance variables, whose names start with @."""

    name: str
    variables: Mapping[str, Any]


def dump(value: Any) -> bytes:
    """Return a value as Ruby's Marshal.load reads it.

    It is None, a boolean, a number below 2**30, a text (UTF-8), bytes, a list, a mapping or a type above.
    """
    return b"".join((_VERSION, *_Writer().value(value)))


def dump_list(values: Iterable[Any], length: int) -> Iterator[bytes]:
    """Yield a list of `length` values, one after the other, and never have all of them at once."""
    writer = _Writer()
    yield _VERSION + b"[" + _number(length)
    for value in values:
        yield b"".join(writer.value(value))


def _number(value: int) -> bytes:
    if value == 0:
        return b"\0"
    if 0 < value < _SMALL:
        return bytes([value + 5])
    if not 0 < value < _MOST:
        raise ValueError(value)
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")


class _Writer:
    """The symbols that were written so far: each is written once, and named by its number from then on."""

    def __init__(self) -> None:
        self._symbols: dict[str, int] = {}

    def value(self, value: Any) -> Iterator[bytes]:
        """Yield the parts of one value."""
        match value:
            case None | bool():
                yield {None: b"0", True: b"T", False: b"F"}[value]
            case int():
                yield b"i" + _number(value)
            case RubySymbol():
                yield self._symbol(value)
            case str():
                # With the instance variable E, which says that it is UTF-8.
                yield b'I"' + _sized(value.encode()) + _number(1) + self._symbol("E") + b"T"
            case bytes():
                yield b'"' + _sized(value)
            case list() | tuple():
                yield b"[" + _number(len(value))
                for item in value:
                    yield from self.value(item)
            case dict():
                yield b"{" + _number(len(value))
                for pair in value.items():
                    yield from self._all(pair)
            case _:
                yield from self._object(value)

    def _all(self, values: Iterable[Any]) -> Iterator[bytes]:
        for value in values:
            yield from self.value(value)

    def _object(self, value: Any) -> Iterator[bytes]:
        match value:
            case RubyObject(name=name, value=inner):
                yield b"U" + self._symbol(name)
                yield from self.value(inner)
            case RubyDump(name=name, data=data):
                yield b"u" + self._symbol(name) + _sized(data)
            case RubyInstance(name=name, variables=variables):
                yield b"o" + self._symbol(name) + _number(len(variables))
                for key, inner in variables.items():
                    yield self._symbol(key)
                    yield from self.value(inner)
            case _:
                raise TypeError(type(value).__name__)

    def _symbol(self, name: str) -> bytes:
        if name in self._symbols:
            return b";" + _number(self._symbols[name])
        self._symbols[name] = len(self._symbols)
        return b":" + _sized(name.encode())


def _sized(data: bytes) -> bytes:
    return _number(len(data)) + data
