"""The testbed of browsers' packages: the same copy of a system, whose browsers are asked without a window.

Their policies lie in /etc: the copy's, which nobody else reads. Each page is opened by a browser with a new
profile in the copy, and no browser or profile of anybody's is looked at.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from builder.prove.sandbox import open_sandbox
from builder.prove.testbed import Client, Ran
from builder.prove.testbeds.system import System, instructed, package_manager, stand_in, version
from builder.render.chromium_policy import ChromiumPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe
    from builder.prove.sandbox import Sandbox

# Each browser's program, and where it reads managed policies.
_BROWSERS = {
    "chromium": ("chromium", "/etc/chromium"),
    "chrome": ("google-chrome-stable", "/etc/opt/chrome"),
    "edge": ("microsoft-edge-stable", "/etc/opt/edge"),
}
NAMES = tuple(_BROWSERS)
SECONDS = (5, 20)
# As root there is no sandbox of the browser's own; in a copy of a system nothing else is of use to it. It
# asks nobody but the server: no component, no list and no account of its maker's.
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"),
    *("--no-first-run", "--no-proxy-server", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-extensions", "--password-store=basic"),
)
# $1 is the program, the rest its words. One profile a page: what one has seen, the next does not know.
_ASK = """
profile=$(mktemp -d /var/tmp/trustpack.XXXXXX)
timeout 90 "$@" --user-data-dir="$profile" 2>&1
code=$?
rm -rf "$profile"
exit $code
"""
_FAILED = re.compile(r"net::(ERR_[A-Z_]+)")
_SECONDS = 120


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Fetch nothing."""
    return ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,
    name: str,
    root: Path | None,
    folder: Path,  # noqa: ARG001  a sandbox keeps everything in memory
    offline: bool,  # noqa: ARG001  nothing is ever fetched here
    only: frozenset[str],
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[Browsers]:
    """Open a copy of the system in `root`, or of this machine's own; see testbeds.Opener."""
    with open_sandbox(root or Path("/")) as sandbox:
        yield settle(sandbox, recipe, name=name, only=only)


def settle(sandbox: Sandbox, recipe: Recipe, *, name: str, only: frozenset[str]) -> Browsers:
    """Return the testbed in an open `sandbox`; raise ToolError where the package fits none such."""
    found = {each: version(sandbox, program) for each, (program, _) in _BROWSERS.items()}
    there = {each: number for each, number in found.items() if number}
    return Browsers(
        sandbox=sandbox,
        name=name,
        commands=package_manager(sandbox, recipe),
        stand_in=stand_in(sandbox),
        there=frozenset(there),
        asked=tuple(
            Client(each, (_BROWSERS[each][0], *OPTIONS, "--dump-dom", "{url}"), version=number)
            for each, number in there.items()
            if not only or each in only
        ),
    )


@dataclass(frozen=True, slots=True)
class Browsers(System):
    """An open system whose browsers are asked; see trial.Testbed."""

    def absent(self) -> Sequence[str]:
        """Return the browsers that are not there."""
        return [f"{each}: it is not installed" for each in NAMES if each not in self.there]

    def run(self, client: Client, url: str) -> Ran:
        """Let a browser open `url`, and no other host; its word becomes an exit status."""
        rules = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {urlsplit(url).hostname}"
        program, *words = (url if word == "{url}" else word for word in client.command)
        done = self.sandbox.run(
            ["sh", "-c", _ASK, "sh", program, rules, *words], check=False, seconds=_SECONDS
        )
        # It says that it could not load a page, and ends as if it had.
        if failed := _FAILED.search(done.out):
            return Ran(done.code or 1, failed[1])
        return Ran(done.code, done.out)

    @property
    def manager(self) -> str:
        """Which instructions are for browsers on this system."""
        return f"{instructed(self.commands)}-browsers"

    def trust(self) -> Mapping[str, object]:
        """Return every file of the browsers' policies."""
        return _policies(self.sandbox)

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the certificates that policies make a browser trust: its own list is inside its program."""
        found: dict[str, frozenset[str]] = {}
        for path, data in _policies(self.sandbox).items():
            folder = path.rpartition("/")[0]
            found[folder] = found.get(folder, frozenset()) | _trusted(data)
        return found


def _policies(sandbox: Sandbox) -> Mapping[str, bytes]:
    folders = [folder for _, folder in _BROWSERS.values()]
    found = {}
    with tarfile.open(fileobj=io.BytesIO(sandbox.archive(folders))) as archive:
        for member in archive:
            if stream := archive.extractfile(member):
                found[member.name.removeprefix(".")] = stream.read()
    return found


def _trusted(data: bytes) -> frozenset[str]:
    """Return the digests of the certificates that a file of policies adds; of no such file there are none."""
    try:
        said = msgspec.json.decode(data, type=ChromiumPolicy)
        listed = (*said.trusted, *(one.certificate for one in said.constrained))
        return frozenset(hashlib.sha256(base64.b64decode(each, validate=True)).hexdigest() for each in listed)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return frozenset()
