"""The small world of the trust tests: CAs, a server for each question a client is asked, and packages."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.prove import authority
from builder.prove.authority import Authority, Leaf
from builder.prove.clients import Programs, SystemClient
from builder.prove.sandbox import Sandbox
from builder.prove.server import serve
from tests import releases
from tests.verdicts import accepted

HOST = "localhost"
# What must be refused at all times: a CA nobody installed, and good CAs' bad leaves.
_BAD = ("unrelated", "wrong-host", "expired")


@dataclass(frozen=True)
class World:
    """Acme's CAs (`kept` in both releases, `old` in the first, `new` in the second) and the others'."""

    kept: Authority
    old: Authority
    new: Authority
    beta: Authority
    public: Authority
    urls: Mapping[str, str]
    programs: Programs
    now: dt.datetime

    def trusted(self, sandbox: Sandbox, asked: Sequence[SystemClient]) -> dict[str, set[str]]:
        """Return, for each client, the names of the servers it accepts."""
        names = {url: name for name, url in self.urls.items()}
        answers = accepted(sandbox, asked, list(names))
        return {client: {names[url] for url in urls} for client, urls in answers.items()}


@contextlib.contextmanager
def open_world(programs: Programs) -> Iterator[World]:
    """Make the CAs and serve one leaf of each, and the bad ones, while the block runs."""
    now = dt.datetime.now(dt.UTC)
    cas = {
        name: authority.create(f"Trust Test {name}", now=now)
        for name in ("kept", "old", "new", "beta", "public")
    }
    leaves = {name: authority.issue(ca, [HOST], now=now) for name, ca in cas.items()}
    leaves |= bad_leaves(cas["kept"], now)
    with contextlib.ExitStack() as stack:
        urls = {name: f"https://{HOST}:{stack.enter_context(serve(leaf))}/" for name, leaf in leaves.items()}
        yield World(**cas, urls=urls, programs=programs, now=now)


def bad_leaves(kept: Authority, now: dt.datetime) -> dict[str, Leaf]:
    """Return what must be refused at all times: an unrelated CA's leaf, and a good CA's bad ones."""
    hour = dt.timedelta(hours=1)
    stranger = authority.create("Trust Test stranger", now=now)
    return {
        "unrelated": authority.issue(stranger, [HOST], now=now),
        "wrong-host": authority.issue(kept, ["other.example"], now=now),
        "expired": authority.issue(kept, [HOST], now=now, valid=(now - 9 * hour, now - hour)),
    }


def build(
    out: Path,
    slug: str,
    authorities: Sequence[Authority],
    version: str,
    *,
    target: str,
    settings: Mapping[str, str] | None = None,
    distrusted: Sequence[Authority] = (),
) -> Path:
    """Build one organisation's package as `trustpack build` does, and return its first file."""
    folder = out / f"{slug}-{version}-{target}"
    made = releases.build(
        folder,
        slug,
        authorities,
        target=target,
        release=version,
        settings=settings,
        distrusted=distrusted,
    )
    return made[0]
