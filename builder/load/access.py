"""What opens inputs beside their names: standard input, and the passwords of trust stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.errors import UsageError
from builder.load import STDIN, Loading, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Access(msgspec.Struct, frozen=True):
    """`stdin` returns what standard input holds, at most one byte more than an input may have.

    `ask` returns the password of a trust store, whose name it is told; None where nobody can be asked.
    """

    passwords: tuple[str, ...] = ()
    stdin: Callable[[], bytes] = bytes
    ask: Callable[[str], str] | None = None


def read(inputs: Sequence[str], access: Access, *, folder: Path = Path()) -> Loading:
    """Load `inputs`, relative to `folder`; raise UsageError for one that is an empty text."""
    if "" in inputs:
        # It would stand for the folder that the command runs in, with whatever lies there.
        raise UsageError("an input is empty", hint="is a variable of the shell not set?")
    stdin = access.stdin() if STDIN in inputs else b""
    loading = load(inputs, folder=folder, stdin=stdin, passwords=access.passwords)
    locked = [finding for finding in loading.findings if finding.rule == "password-needed"]
    if locked and access.ask and not access.passwords and STDIN not in inputs:
        entered = access.ask(locked[0].origin.path)
        loading = load(inputs, folder=folder, passwords=(entered,))
    return loading
