"""Systems prepared once: what the preparation changed is kept, and laid over a clean copy for each test."""

import contextlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder.prove.clients import SystemClient
from builder.prove.sandbox import Sandbox, open_sandbox
from builder.prove.store import Store

_TAR = "/tmp/prepared.tar"  # noqa: S108  of the sandbox, which is nobody else's
# A second's margin: what happens within a tick of the clock is a change, too.
_NOTE = "cd / && find . -xdev -print0 | sort -z >/tmp/before && touch -d '1 second ago' /tmp/before"
_KEEP = f"""
cd / && find . -xdev -print0 | sort -z | comm -z -23 /tmp/before - >/tmp/gone
find . -xdev -cnewer /tmp/before ! -path './tmp/*' -print0 |
    tar --create --file={_TAR} --no-recursion --null --files-from=- tmp/gone
"""
_LAY = f"cd / && tar -xpf {_TAR} && xargs -0 -r rm -rf -- </tmp/gone && rm {_TAR} tmp/gone"
_FEW = """
cd /usr/share/ca-certificates
# Deselected first, so that Java's store hears of it; then gone, as the updater looks at each of these, too.
sed -i '21,$s/^mozilla/!&/' /etc/ca-certificates.conf && update-ca-certificates
sed -n 's/^!//p' /etc/ca-certificates.conf | xargs rm && sed -i '/^!/d' /etc/ca-certificates.conf
"""


@dataclass(frozen=True)
class Prepared:
    """An open system that was prepared, the clients it has, and what it trusted when they were asked for."""

    sandbox: Sandbox
    asked: Sequence[SystemClient]
    before: Store


@dataclass(frozen=True)
class Preparations:
    """The preparations of a session: each runs when it is first asked for."""

    _kept: dict[Hashable, tuple[bytes, Sequence[SystemClient], Store]] = field(default_factory=dict)

    @contextlib.contextmanager
    def open(
        self, root: Path, key: Hashable, prepare: Callable[[Sandbox], tuple[Sequence[SystemClient], Store]]
    ) -> Iterator[Prepared]:
        """Open a copy of the system in `root` in which `prepare` has run; `key` names the preparation."""
        if (root, key) not in self._kept:
            with open_sandbox(root) as sandbox:
                sandbox.run(["sh", "-c", _NOTE])
                asked, before = prepare(sandbox)
                sandbox.run(["sh", "-c", _KEEP])
                self._kept[root, key] = (sandbox.read(_TAR), asked, before)
        changes, asked, before = self._kept[root, key]
        with open_sandbox(root) as sandbox:
            sandbox.copy_in(_TAR, changes)
            sandbox.run(["sh", "-c", _LAY])
            yield Prepared(sandbox, asked, before)


def keep_few_roots(sandbox: Sandbox) -> None:
    """Leave ten of Mozilla's roots in the store: each update and each handshake is paid for every one."""
    sandbox.run(["sh", "-c", _FEW])
