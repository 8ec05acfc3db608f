"""`trustpack demo --ci`: the whole way of a CA's packages on one machine, each step by its own command.

The commands run as somebody types them, in a folder of their own. The CAs, whose keys are in memory alone,
their servers and the site's server are this process's.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shlex
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.cli import demo_clients
from builder.cli.demo_walk import ACCEPTED, PROJECT, REFUSED, Walk
from builder.errors import ProofError
from builder.prove import authority
from builder.prove.handshake import HOST
from builder.prove.probes import end_all
from builder.release import scratch
from builder.release.manifest import read_manifest
from builder.repositories.serve import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from builder.cli.demo_clients import Visitor
    from builder.cli.demo_display import Display
    from builder.prove.authority import Authority
    from builder.prove.handshake import HandshakeResult

OLD, NEW = "Demo Root R1", "Demo Root R2"
PHASES = ("before", "installed", "rotated", "withdrawn")
TITLES = (
    "Make a CA (its private key stays in memory), and look whether it is fit to be given out",
    "Write down what is trusted, to be reviewed like code",
    "Build the packages",
    "Prove them in a clean testbed, by a replica of the CA",
    "Say what they are made of and by what, and sign them",
    "Verify the release as anybody can: built once more, and compared byte for byte",
    "Make a signed site of them, and check it to the last byte",
    "Serve the site, to this machine alone, and verify it there by its public key",
    "Install by name, as the site's page tells people to",
    "Rotate: let a second CA overlap with the first",
    "Upgrade by name: both CAs are trusted",
    "Withdraw the first CA: its key was stolen",
    "Upgrade by name: the first CA is trusted no more",
)
KEEPING = "Keep the site"
_REASON = f"the key of {OLD} was stolen"
_DAYS = 365
_MOMENT = 0.1
_CONFIG = """\
organisation:
  slug: demo
npm_scope: "@demo"
bundle:
  paths: [{paths}]
site: {url}
"""
_LIFECYCLE = """\
lifecycle:
  overlap: 0d  # here every machine upgrades at once
  authorities:
"""
_INCOMING = """\
    {new}:
      state: incoming
      until: {tomorrow}
"""
_DISTRUSTED = """\
    {old}:
      state: distrusted
      since: {today}
      evidence: {reason}
    {new}:
      state: active
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there for as long as the demonstration is: a folder, two CAs, the served site, and threads."""

    folder: Path
    now: dt.datetime
    url: str
    authorities: Mapping[str, Authority]
    testbeds: contextlib.ExitStack
    pool: ThreadPoolExecutor

    @property
    def port(self) -> int:
        """The port of the site."""
        return int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def opened(now: dt.datetime) -> Iterator[Scene]:
    """Make what the demonstration needs; when it is left, all of that is gone."""
    with scratch.folder("demo") as folder, contextlib.ExitStack() as stack:
        cas = {name: authority.create(name, now=now, days=_DAYS) for name in (OLD, NEW)}
        site = folder / PROJECT / "site"
        site.mkdir(parents=True)
        url = stack.enter_context(serve(site))
        testbeds = stack.enter_context(contextlib.ExitStack())
        yield Scene(folder, now, url, cas, testbeds, stack.enter_context(_threads()))


@contextlib.contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Yield threads for what clients do; an error ends what they are at."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield pool
        except BaseException:
            waiting = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True})
            waiting.start()
            while waiting.is_alive():
                end_all()
                waiting.join(_MOMENT)
            raise


def show(scene: Scene, display: Display, out: Path | None) -> dict[str, Any]:
    """Go the whole way; return what was typed and answered; raise ProofError on a broken promise."""
    walk = Walk(scene.folder, display, TITLES if out is None else (*TITLES, KEEPING))
    _lock_first(walk, scene)
    # Making testbeds takes as long as what is done to the packages meanwhile.
    opening = scene.pool.submit(_testbeds, scene)
    releases = [_publish_first(walk, scene)]
    visitors, not_shown = _install(walk, scene, opening)
    releases.append(_rotate(walk, scene))
    with walk.step():
        _enter(walk, scene, visitors, "rotated", {OLD: ACCEPTED, NEW: ACCEPTED})
    releases.append(_withdraw(walk, scene, releases))
    with walk.step():
        _enter(walk, scene, visitors, "withdrawn", {OLD: REFUSED, NEW: ACCEPTED})
        _look_for_older(walk, scene, visitors)
    if out is not None:
        with walk.step():
            walk.say(*walk.trustpack(f"repo push {shlex.quote(str(out.absolute()))}"))
    return {
        "url": f"{scene.url}/",
        "site": str(out) if out else "",
        "releases": [{"release": release, "withdrawn": release != releases[-1]} for release in releases],
        "steps": walk.steps,
        "answers": walk.answers,
        "not_shown": [{"target": target, "reason": why} for target, why in not_shown.items()],
    }


def _testbeds(scene: Scene) -> tuple[list[Visitor], dict[str, str]]:
    case = demo_clients.case(scene.folder / PROJECT, now=scene.now)
    leaves = {name: authority.issue(ca, [HOST], now=scene.now) for name, ca in scene.authorities.items()}
    return demo_clients.opened(case, scene.folder, leaves, scene.testbeds)


def _lock_first(walk: Walk, scene: Scene) -> None:
    """Go from a CA to packages."""
    with walk.step():
        (walk.project / "roots.pem").write_bytes(scene.authorities[OLD].pem)
        walk.say(walk.trustpack("lint roots.pem")[-1])
    with walk.step():
        _configure(walk, scene, "")
        walk.say(*walk.trustpack("lock"))
    with walk.step():
        walk.say(walk.trustpack("build")[0])


def _publish_first(walk: Walk, scene: Scene) -> str:
    """Go from packages to a served site; return the release that it has."""
    with walk.step():
        walk.say(walk.trustpack("prove --target wheel --client urllib --offline")[-1])
    with walk.step():
        walk.say(walk.trustpack("keys new")[0])
        _sign(walk)
    with walk.step():
        walk.say(*walk.trustpack("verify --lock trustpack.lock --keys keys"))
    with walk.step():
        walk.say(walk.trustpack("repo build")[0])
        walk.say(*walk.trustpack("repo check"))
    with walk.step():
        walk.typed(f"trustpack repo serve --port {scene.port}")
        walk.say(f"{scene.url}/")
        walk.say(*walk.trustpack(f"verify {scene.url} --keys site/demo.asc --lock trustpack.lock"))
    return _release(walk.project)


def _configure(walk: Walk, scene: Scene, authorities: str) -> None:
    """Write trustpack.yaml, and show what is in it of the CAs."""
    paths = "roots.pem, new-root.pem" if authorities else "roots.pem"
    text = _CONFIG.format(paths=paths, url=scene.url)
    (walk.project / "trustpack.yaml").write_text(text + (_LIFECYCLE + authorities) * bool(authorities))
    walk.say("trustpack.yaml:", *(f"  {line}" for line in (authorities or text).splitlines()))


def _sign(walk: Walk) -> None:
    """Say of the release what it is made of and by what, and sign that and the packages."""
    files = [line.split()[1] for line in walk.trustpack("attest")[1:]]
    walk.say(f"beside the packages: {', '.join(files)}")
    walk.say(*(line for line in walk.trustpack("sign dist") if ": signed" in line))


def _release(project: Path) -> str:
    manifest = read_manifest(project / "dist")
    if manifest is None:
        raise ProofError(f"{project / 'dist'}: holds no release")
    return manifest.release


def _install(
    walk: Walk, scene: Scene, opening: Future[tuple[list[Visitor], dict[str, str]]]
) -> tuple[Sequence[Visitor], Mapping[str, str]]:
    """Ask clients before and after; return them, and why there are none for the other targets."""
    with walk.step():
        visitors, not_shown = opening.result()
        for target, why in not_shown.items():
            walk.say(f"{target}: not shown, because {why}")
        expected = {OLD: REFUSED}
        answers = scene.pool.map(lambda visitor: visitor.ask(expected), visitors)
        for visitor, given in zip(visitors, answers, strict=True):
            walk.hear("before", visitor, given, expected)
        _enter(walk, scene, visitors, "installed", {OLD: ACCEPTED, NEW: REFUSED})
    return visitors, not_shown


def _enter(
    walk: Walk, scene: Scene, visitors: Sequence[Visitor], phase: str, expected: Mapping[str, HandshakeResult]
) -> None:
    """Let each client's package manager install or upgrade, and ask the client about both CAs' servers."""
    offers = demo_clients.offers(walk.project, scene.url, now=scene.now)
    step = "installed" if phase == "installed" else "upgraded"
    answers = scene.pool.map(lambda one: one.enter(step, offers[one.target], expected), visitors)
    for visitor in visitors:
        walk.typed(visitor.typed(step, offers[visitor.target]))
        walk.hear(phase, visitor, next(answers), expected)


def _rotate(walk: Walk, scene: Scene) -> str:
    """Publish a release in which the new CA is beside the old one."""
    with walk.step():
        (walk.project / "new-root.pem").write_bytes(scene.authorities[NEW].pem)
        tomorrow = scene.now.date() + dt.timedelta(days=1)
        _configure(walk, scene, _INCOMING.format(new=_fingerprint(scene, NEW), tomorrow=tomorrow))
        walk.say(*walk.trustpack("plan"))
        return _publish(walk)


def _publish(walk: Walk) -> str:
    """Lock, build, sign and publish what is configured now; return the release."""
    walk.say(walk.trustpack("lock")[-1])
    walk.say(walk.trustpack("build")[0])
    _sign(walk)
    walk.say(walk.trustpack("repo add")[0])
    return _release(walk.project)


def _fingerprint(scene: Scene, ca: str) -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    return scene.authorities[ca].certificate.fingerprint(SHA256()).hex()


def _withdraw(walk: Walk, scene: Scene, releases: Sequence[str]) -> str:
    """Publish a release that distrusts the old CA, and withdraw those that trust it."""
    with walk.step():
        old, new = (_fingerprint(scene, ca) for ca in (OLD, NEW))
        today = scene.now.date()
        _configure(walk, scene, _DISTRUSTED.format(old=old, new=new, today=today, reason=_REASON))
        walk.say(*walk.trustpack("plan")[:3])
        newest = _publish(walk)
        for release in releases:
            walk.say(walk.trustpack(f"repo retire {release} --reason '{_REASON}'")[0])
        walk.say(*walk.trustpack("repo check"))
        return newest


def _look_for_older(walk: Walk, scene: Scene, visitors: Sequence[Visitor]) -> None:
    """Let those that can ask for an older release find none."""
    offers = demo_clients.offers(walk.project, scene.url, now=scene.now)
    for visitor in visitors:
        if line := visitor.older(offers[visitor.target]):
            walk.typed(line)
            visitor.find_nothing(line)
            walk.say(f"{visitor.target}: every older release is withdrawn")
