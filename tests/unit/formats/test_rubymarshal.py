"""Ruby's Marshal, as Ruby reads it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from builder.formats import rubymarshal
from builder.formats.rubymarshal import RubyInstance, RubyObject, RubySymbol
from tests.tools import NO_HOME, require


def _is(data: bytes, ruby: str) -> bool:
    """Tell whether Ruby reads the value of a Ruby expression."""
    program = "$stdin.binmode; print Marshal.load($stdin.read) == eval(ARGV[0])"
    command = [require("ruby"), "-rrubygems", "-e", program, ruby]
    env = {"HOME": NO_HOME, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, input=data, capture_output=True, check=True, env=env).stdout == b"true"


NUMBERS = [0, 1, 122, 123, 255, 256, 65_535, 65_536, (1 << 24) - 1, 1 << 24, (1 << 30) - 1]
VALUES: dict[str, tuple[Any, str]] = {
    "numbers": (NUMBERS, repr(NUMBERS)),
    "constants": ([None, True, False], "[nil, true, false]"),
    "texts": (["", "a", "Ümläut", 'x"y'], '["", "a", "Ümläut", "x\\"y"]'),
    "a long text": ("x" * 70_000, '"x" * 70_000'),
    "bytes": (b"\xff", '"\\xFF".b'),
    "symbols, one of them twice": ([RubySymbol("a"), RubySymbol("b"), RubySymbol("a")], "[:a, :b, :a]"),
    "a mapping": ({"a": [1], "b": {}}, '{"a"=>[1], "b"=>{}}'),
    "an object": (RubyObject("Gem::Version", ["1.2"]), 'Gem::Version.new("1.2")'),
    "an instance": (RubyInstance("Range", {"begin": 1, "end": 2, "excl": False}), "1..2"),
}


@pytest.mark.parametrize("name", VALUES)
def test_ruby_reads_what_is_written(name: str) -> None:
    """Each kind of value, nested ones too."""
    value, expected = VALUES[name]
    assert _is(rubymarshal.dump(value), expected)


def test_a_list_is_written_piece_by_piece() -> None:
    """The pieces are the bytes that the whole list would be."""
    rows = [["acme-ca", RubyObject("Gem::Version", [f"1.{number}"]), "ruby"] for number in range(300)]
    assert rubymarshal.dump(rows) == b"".join(rubymarshal.dump_list(iter(rows), len(rows)))


@pytest.mark.parametrize("value", [-1, 1 << 30, 1.5, [object()]])
def test_what_an_index_never_holds_is_not_written(value: Any) -> None:
    """Rather than written wrongly."""
    with pytest.raises((TypeError, ValueError)):
        rubymarshal.dump(value)
