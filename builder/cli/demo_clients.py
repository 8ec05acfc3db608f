"""The clients of `trustpack demo --ci`: one in a clean testbed of each package manager that is here."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError
from builder.model.packagemanagers import MANAGERS
from builder.prove import by_name, handshake, testbeds
from builder.prove import case as cases
from builder.prove.server import listen
from builder.prove.sites import PublishedSite, published
from builder.render import recipe

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from builder.model import Recipe
    from builder.prove.authority import Leaf
    from builder.prove.case import Case
    from builder.prove.handshake import HandshakeResult
    from builder.prove.offer import Offer
    from builder.prove.server import Listener
    from builder.prove.testbed import Client, Testbed
    from builder.render.recipe import RecipeSource

    # What a client did with the server of each CA, and its last words.
    Answers = Mapping[str, tuple[HandshakeResult, str]]

# The client that is asked of each target, by the name that its testbed has for it.
_ASKED = {
    "wheel": "urllib",
    "npm": "node https",
    "gem": "net/http",
    "deb": "curl",
    "rpm": "curl",
    "apk": "curl",
}
TARGETS = tuple(_ASKED)
_NOTHING = "No matching distribution found"  # pip's words


@dataclass(frozen=True, slots=True)
class Visitor:
    """A target's testbed, the client in it that is asked, and the servers of both CAs, for it alone."""

    target: str
    testbed: Testbed
    client: Client
    servers: Mapping[str, Listener]

    @property
    def title(self) -> str:
        """What people call the client."""
        return f"{self.client.name} {self.client.version}".strip()

    def typed(self, phase: str, offer: Offer) -> str:
        """Return what people type in this phase, without what makes the site known before."""
        words = offer.words(self.testbed.manager)
        lines = (words.install if phase == "installed" else words.upgrade) if words else ""
        return " && ".join(lines.strip().splitlines())

    def ask(self, cas: Iterable[str]) -> Answers:
        """Let the client open the page of each CA's server; both ends are asked what became of it."""
        return {ca: handshake.ask(self.testbed, self.client, self.servers[ca]) for ca in cas}

    def enter(self, phase: str, offer: Offer, cas: Iterable[str]) -> Answers:
        """Install or upgrade by name, as the site tells people to, and ask the client."""
        by_name.enter(phase, offer, self.testbed)
        return self.ask(cas)

    def older(self, offer: Offer) -> str:
        """Return what people type who want an older release than the newest; empty but for pip."""
        if self.testbed.manager != "pip":
            return ""
        wanted = f"'{offer.name}<{offer.newest.version}'"
        return f"{self.typed('installed', offer).removesuffix(offer.name)}{wanted}"

    def find_nothing(self, line: str) -> None:
        """Type a line of pip's; raise ProofError unless it finds nothing that it would install."""
        try:
            self.testbed.type_in(line, there=True)
        except ProofError as error:
            if _NOTHING in str(error):
                return
            raise
        raise ProofError(f"{line}: has found a release that is withdrawn")


def case(project: Path, *, now: dt.datetime) -> Case:
    """Return the case of the project's newest release."""
    found = cases.find(project / "dist", None, project / "trustpack.yaml", list(TARGETS), now=now)
    return replace(found, offline=True)


def offers(project: Path, url: str, *, now: dt.datetime) -> Mapping[str, Offer]:
    """Return what the served site offers of the newest release, by target; its keys vouch for that."""
    from builder.repositories.stores.web import WebReader
    from builder.signing import site_keys

    reader = WebReader(url, proxy=lambda *_: None)
    site = PublishedSite(url, reader, site_keys.read_public(project / "keys"))
    return published(site, case(project, now=now))


def opened(
    found: Case, folder: Path, leaves: Mapping[str, Leaf], stack: ExitStack
) -> tuple[list[Visitor], dict[str, str]]:
    """Open a testbed for each target until the stack is closed; where there can be none, say why."""
    visitors, not_shown = [], {}
    for source in sorted(found.sources, key=lambda one: TARGETS.index(one.target)):
        try:
            visitors.append(_opened(found, source, folder / source.target, leaves, stack))
        except ToolError as error:
            not_shown[source.target] = str(error)
    return visitors, not_shown


def _opened(
    found: Case, source: RecipeSource, folder: Path, leaves: Mapping[str, Leaf], stack: ExitStack
) -> Visitor:
    what, name = recipe.read(source), _ASKED[source.target]
    module = testbeds.opener(what)
    if module is None:
        raise ToolError("its recipe names no testbed")
    _expect_manager(what)
    folder.mkdir()
    wanted = replace(found, clients=frozenset({name}))
    testbed = stack.enter_context(testbeds.open_for(wanted, source, module, folder))
    client = next((one for one in testbed.clients() if one.name == name), None)
    if client is None:
        raise ToolError(f"{name}: the program is not installed")
    # Of its own: by what a server sees in the meantime, an answer is judged.
    servers = {ca: stack.enter_context(listen(leaf)) for ca, leaf in leaves.items()}
    return Visitor(source.target, testbed, client, servers)


def _expect_manager(what: Recipe) -> None:
    """Raise ToolError where a system package's manager is not here: then this is no system for it."""
    family = MANAGERS.get(what.manager)
    names = [one.program for one in family.programs] if family else []
    if names and not any(map(shutil.which, names)):
        raise ToolError(f"its package manager is not here: {' or '.join(names)}")
