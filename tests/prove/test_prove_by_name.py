"""`trustpack prove --repo`: packages installed by name from a site, fresh, pinned, upgraded and removed."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder import config
from builder.prove import authority, sites, trial
from builder.prove.case import Case
from builder.prove.clients import Programs
from builder.prove.testbeds.system import settle
from builder.prove.trial import Status, TrialSetup
from builder.release.manifest import read_manifest
from builder.repositories.serve import serve
from tests import targets
from tests.prove import stage
from tests.roots import root
from tests.tools import NO_HOME, require
from tests.trust import distributions
from tests.trust.prepared import Preparations
from tests.trust.world import HOST, build, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.prove.authority import Authority
    from builder.prove.offer import Offer
    from builder.prove.testbed import Testbed
    from tests.trust.world import World

NOW = dt.datetime.now(dt.UTC)
PROGRAM = Path(sys.executable).with_name("trustpack")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}
_CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [wheel]\n"
_URLLIB = ("--target", "wheel", "--offline", "--client", "urllib")
_ASKED = frozenset({"curl"})
REFUSED, ACCEPTED = "refused", "accepted"


@dataclass(frozen=True)
class Project:
    """An organisation with two releases on a signed site, which is served."""

    folder: Path
    ca: Authority
    url: str

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run trustpack here."""
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def checked(self, *arguments: str | Path) -> str:
        """Run trustpack here, and fail where it does."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def prove(self, *arguments: str | Path) -> Any:
        """Prove by name, and return the report."""
        done = self.run("prove", "--repo", self.url, *_URLLIB, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((self.folder / "dist" / "proof.json").read_text())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Build and publish the two releases once."""
    folder = tmp_path_factory.mktemp("acme")
    ca = authority.create("Acme Root", now=NOW)
    (folder / "roots.pem").write_bytes(ca.pem)
    (folder / "trustpack.yaml").write_text(_CONFIG)
    (folder / "site").mkdir()
    with serve(folder / "site") as url:
        made = Project(folder, ca, url)
        made.checked("build", "--release", "2026.10", "--out", "old", "--quiet")
        made.checked("build", "--release", "2026.11", "--quiet")
        made.checked("keys", "new")
        made.checked("repo", "build", "old", "dist", "--url", url)
        yield made


def test_the_recipes_are_proven_by_a_replica_of_the_site(project: Project) -> None:
    """The newest by name, then the one before it, and an upgrade back; each as its bundle says."""
    proof = project.prove()
    assert (proof["kind"], proof["holds"], proof["site"]) == ("recipe proof", True, project.url)
    [cell] = proof["cells"]
    assert (cell["client"], cell["status"]) == ("urllib", "proven")
    wanted = {
        "before": (REFUSED, REFUSED, REFUSED),
        "installed": (ACCEPTED, REFUSED, ACCEPTED),
        "pinned": (ACCEPTED, ACCEPTED, REFUSED),
        "upgraded": (ACCEPTED, REFUSED, ACCEPTED),
        "removed": (REFUSED, REFUSED, REFUSED),
    }
    asked = ("kept EC secp256r1", "dropped", "added")
    assert wanted == {phase: tuple(cell["steps"][phase][name] for name in asked) for phase in wanted}
    [note] = proof["notes"]
    assert note == (
        f"{project.url} offers this very release; packages were installed by name from a replica of that "
        "site, on loopback and signed by a throw-away key"
    )
    assert (
        "| before | installed | pinned | upgraded | removed |"
        in (project.folder / "dist" / "proof.md").read_text()
    )


def test_the_real_packages_are_proven_from_the_site_itself(project: Project) -> None:
    """By a server that one of their CAs vouches for: with the older release nobody is asked about it."""
    leaf = authority.issue(project.ca, [HOST], now=NOW)
    chain, key = project.folder / "chain.pem", project.folder / "key.pem"
    chain.write_bytes(leaf.chain)
    key.touch(mode=0o600)
    key.write_bytes(leaf.key)
    proof = project.prove("--server-cert", chain, "--server-key", key)
    assert (proof["kind"], proof["holds"], proof["site"]) == ("proof of the real bundle", True, project.url)
    [cell] = proof["cells"]
    assert cell["steps"] == {
        "before": {"server": REFUSED},
        "installed": {"server": ACCEPTED},
        "pinned": {},
        "upgraded": {"server": ACCEPTED},
        "removed": {"server": REFUSED},
    }
    assert proof["notes"] == [
        f"packages were installed by name from {project.url}, as its own keys have signed them",
        "with the older release no client was asked: it may be without the server's CA",
    ]


def test_a_release_that_is_not_on_the_site_is_not_proven(project: Project) -> None:
    """Nor is an older one, in whose place another would be installed."""
    project.checked("build", "--release", "2026.12", "--out", "later", "--quiet")
    for out, error, hint in (
        (
            "later",
            f"{project.url}: does not offer acme_certifi-1.2026.12-py3-none-any.whl as it lies here",
            "put the release on the site first: trustpack repo add",
        ),
        (
            "old",
            "acme_certifi-1.2026.10-py3-none-any.whl: the site offers a newer release, 2026.11",
            "name the folder of the newest release with --out",
        ),
    ):
        done = project.run("prove", "--repo", project.url, "--out", out, *_URLLIB)
        assert done.returncode == 9
        assert done.stderr.endswith(f"error: {error}\nhint: {hint}\n")


def test_a_site_that_is_no_site_of_ours_is_told(project: Project, tmp_path: Path) -> None:
    """Nothing there, another address than the site says, or keys that are not its own."""
    with serve(tmp_path) as url, serve(project.folder / "site") as other:
        done = project.run("prove", "--repo", url, *_URLLIB)
        assert (done.returncode, f"error: {url}: there is no site\n" in done.stderr) == (9, True)
        done = project.run("prove", "--repo", other, *_URLLIB)
        assert (
            f"error: {other}: says that it is at {project.url}, where its clients would go\n" in done.stderr
        )
    done = project.run("prove", "--repo", project.url, "--unsigned", *_URLLIB)
    assert "is signed, and there is no key to verify it" in done.stderr
    done = project.run("prove", "--repo", "site", *_URLLIB)
    assert (done.returncode, "error: --repo site: is no http or https URL" in done.stderr) == (2, True)
    done = project.run("prove", "--unsigned", *_URLLIB)
    assert (done.returncode, "error: --keys and --unsigned: are for --repo" in done.stderr) == (2, True)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


@contextlib.contextmanager
def offered(world: World, folder: Path, target: str) -> Iterator[Mapping[str, Offer]]:
    """Build two releases, and serve a site of them as a proof does."""
    chosen = targets.ALL[target]
    releases = [
        build(folder, "acme", [world.kept, other], version, target=target).parent
        for version, other in (("1", world.old), ("2", world.new))
    ]
    last = read_manifest(releases[1])
    assert last is not None
    owner = config.organisation(config.minimal("acme", ["roots.pem"]))
    case = Case(releases[1], last, owner, [chosen.source], world.now)
    (folder / "site").mkdir()
    with sites.replica(case, releases, last, folder / "site", lambda _: None) as found:
        yield found


def hold(
    testbed: Testbed, world: World, target: str, found: Mapping[str, Offer], only: frozenset[str] = _ASKED
) -> dict[str, tuple[str, str, tuple[str, ...], list[str]]]:
    """Hold a trial by name; return each cell's status, double, faults and phases."""
    questions = tuple(sites.by_name(question) for question in stage.questions(world))
    setup = TrialSetup(target, Path(), None, questions, found[target])
    return {
        cell.client: (cell.status, cell.stand_in, cell.faults, list(cell.steps))
        for cell in trial.run(setup, testbed, only)
    }


# Packages of the distributions own these folders; else ours would take them with it when it goes.
_OWNED = ("/etc/yum.repos.d", "/etc/zypp/repos.d", "/etc/pki/rpm-gpg")
# Debian's lacks a library of its own.
_PACMAN_KEY = b"""#!/bin/sh
keys="gpg --homedir /etc/pacman.d/gnupg --batch --quiet"
case $1 in
--init) mkdir -p -m 700 /etc/pacman.d/gnupg && touch /etc/pacman.d/gnupg/pubring.gpg ;;
--add) $keys --import "$2" ;;
--lsign-key) echo "$2:6:" | $keys --import-ownertrust ;;
esac
"""
_DNF4, *_OTHERS, _PACMAN = distributions.STANDINS
_STANDINS = [
    _DNF4,
    *(pytest.param(*one.values, id=one.id, marks=pytest.mark.long) for one in _OTHERS),
    _PACMAN,
]
_PHASES = ["before", "installed", "pinned", "upgraded", "removed"]


@pytest.mark.parametrize(
    "suite", ["bookworm", *(pytest.param(name, marks=pytest.mark.long) for name in ("bullseye", "trixie"))]
)
def test_the_deb_is_proven_by_name(suite: str, world: World, tmp_path: Path) -> None:
    """As people are told to install it, word for word."""
    with (
        offered(world, tmp_path, "deb") as found,
        stage.opened(tmp_path, target="deb", root=root(suite), only=_ASKED) as testbed,
    ):
        cells = hold(testbed, world, "deb", found)
    assert cells == {"curl": (Status.PROVEN, "", (), _PHASES)}


def test_the_deb_of_browsers_is_proven_by_name(world: World, tmp_path: Path) -> None:
    """In a copy of this machine, where Chromium is."""
    require("chromium")
    target, only = "browsers-deb", frozenset({"chromium"})
    with (
        offered(world, tmp_path, target) as found,
        stage.opened(tmp_path, target=target, only=only) as testbed,
    ):
        cells = hold(testbed, world, target, found, only)
    assert cells == {"chromium": (Status.PROVEN, "", (), _PHASES)}


@pytest.mark.parametrize(("manager", "distribution"), _STANDINS)
def test_on_a_stand_in_a_package_is_tried_by_name(
    manager: distributions.Manager, distribution: distributions.Distribution, world: World, tmp_path: Path
) -> None:
    """By the real dnf, dnf5, zypper and pacman; the last takes an older version by its address."""
    target = manager.family.target
    with (
        offered(world, tmp_path, target) as found,
        distributions.open_system(Preparations(), manager, distribution, world, {}) as system,
    ):
        if "zypper" in manager.install:
            system.sandbox.run(["rm", "/usr/bin/dnf"])
        if "pacman" in manager.install:
            system.sandbox.copy_in("/usr/bin/pacman-key", _PACMAN_KEY, mode=0o755)
        for folder in _OWNED:
            system.sandbox.copy_in(f"{folder}/README", b"")
        chosen = targets.ALL[target]
        testbed = settle(
            system.sandbox, chosen.recipe, name=chosen.package(), programs=Programs(), only=_ASKED
        )
        cells = hold(testbed, world, target, found)
    assert cells == {"curl": (Status.STAND_IN, distribution.stand_in, (), _PHASES)}


@pytest.mark.parametrize(
    ("target", "client"),
    [
        ("npm", "node https"),
        ("go", "tls.Dial"),
        pytest.param("gem", "net/http", marks=pytest.mark.long),
        ("maven", "HttpsURLConnection"),
    ],
)
def test_a_library_is_proven_by_name(target: str, client: str, world: World, tmp_path: Path) -> None:
    """In a project, in a program, in a home for gems, and where JVMs find their agent."""
    require({"maven": "java"}.get(target, target))
    questions = tuple(sites.by_name(question) for question in stage.questions(world))
    with offered(world, tmp_path, target) as found, stage.opened(tmp_path, target=target) as testbed:
        setup = TrialSetup(target, Path(), None, questions, found[target])
        [cell] = trial.run(setup, testbed, frozenset({client}))
    assert (cell.status, cell.faults, list(cell.steps)) == (Status.PROVEN, (), _PHASES)
