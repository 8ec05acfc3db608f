"""One publisher among several, as a program.

`push SITE PLACE` pushes a site, and kills itself after the action whose number is in TRUSTPACK_TEST_KILL.
`add SITE PLACE RELEASE` takes the site that is at PLACE, adds a release and pushes it, again and again until
no other publisher was faster. `here SITE PLACE RELEASE` adds a release to the site in the folder SITE, and is
killed before it renames the file of that number. Sites are not signed, and leases are short.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import SiteError
from builder.repositories import fetch, publish, push
from builder.repositories.publish import Order
from builder.repositories.stores import FolderStore, bucket
from tests.repositories.sites import ORGANISATION

if TYPE_CHECKING:
    from builder.repositories.stores import Action, SiteStore

LEASE = 3.0  # seconds
_TRIES = 50


def main() -> None:
    """Do what the command line says."""
    what, site, place, *release = sys.argv[1:]
    if what == "push":
        _push(Path(site), store(place), int(os.environ.get("TRUSTPACK_TEST_KILL", "0")))
    elif what == "here":
        _kill_before(int(os.environ.get("TRUSTPACK_TEST_KILL", "0")))
        publish.build(order(Path(site)), [Path(release[0])], only=True)
    else:
        _add(store(place), Path(release[0]))


def store(place: str) -> SiteStore:
    """Return the store at a place."""
    if not place.startswith("s3://"):
        return FolderStore(Path(place))
    return bucket.opened(place, os.environ, holder=secrets.token_hex(8), clock=time, seconds=LEASE)


def order(site: Path) -> Order:
    """Return the order of a publication of the unsigned site in a folder."""
    return Order(
        folder=site,
        organisation=ORGANISATION,
        url="",  # where it has been
        now=int(time.time()),
        valid=60,
        keep=None,
        architectures=("x86_64", "aarch64"),
        keys=None,
    )


def _kill_before(last: int) -> None:
    """Kill this process when it is about to rename its `last` file to what readers see; 0 is never."""
    count = 0

    def hook(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal count
        count += event == "os.rename"
        if event == "os.rename" and count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _push(site: Path, place: SiteStore, last: int) -> None:
    count = 0

    def tell(_action: Action) -> None:
        nonlocal count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    push.push(site, place, None, tell=tell)


def _add(place: SiteStore, release: Path) -> None:
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site"
            try:
                fetch.fetch(place, site, None)
                publish.build(order(site), [release], only=True)
                push.push(site, place, None)
            except SiteError:  # somebody was faster
                continue
            return
    raise SystemExit("others were always faster")


if __name__ == "__main__":
    main()
