"""One program that rehearses case after case, since each has much to import and few keys to make.

`python -m tests.crash.program` forks, and so is no part of the tests' own process. Each line that it reads
names a way to rehearse, a case, a folder and numbers; it prints what `rehearse` does, and then `null`.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from tests.crash import mounted, rehearse, traced

if TYPE_CHECKING:
    from collections.abc import Callable

_WAYS: dict[str, Callable[..., None]] = {
    "forked": rehearse.main,
    "traced": traced.main,
    "mounted": mounted.main,
    "watched": rehearse.watch,
}


def main() -> None:
    """Do what is asked for until nobody asks any more."""
    orders = os.fdopen(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # no command reads an order
    # To look at a private key's numbers takes longer than all else that a command does with it.
    once = functools.cache(serialization.load_pem_private_key)
    serialization.load_pem_private_key = once  # type: ignore[assignment]
    for line in orders:
        way, name, folder, *numbers = json.loads(line)
        try:
            _WAYS[way](name, Path(folder), *numbers)
        except Exception:  # noqa: BLE001  whatever it is, the test tells
            rehearse.tell({"failed": traceback.format_exc()})
        rehearse.tell(None)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
