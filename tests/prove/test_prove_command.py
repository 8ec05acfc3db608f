"""`trustpack prove` as a user runs it: a build, real packages, real clients, and what the report says."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from builder.prove import authority, testbeds
from builder.prove.server import serve
from builder.render import recipe
from tests.prove import stage
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from builder.prove.authority import Authority

NOW = dt.datetime.now(dt.UTC)
PROGRAM = Path(sys.executable).with_name("trustpack")
# No variable of this machine's reaches trustpack, nor the clients.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}
# Only which index to fetch clients from, and how, may be this machine's own.
INDEX = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "npm_config_"))}
WHEEL = ("--target", "wheel", "--offline")
# What the replica's questions are answered with, in each phase of a client that does as promised.
REFUSED, ACCEPTED = "refused", "accepted"
ALWAYS = {"unrelated CA": REFUSED, "wrong host": REFUSED, "expired leaf": REFUSED}
NOTHING = {"kept EC secp256r1": REFUSED, "dropped": REFUSED, "added": REFUSED}
STEPS = {
    "before": NOTHING,
    "installed": {"kept EC secp256r1": ACCEPTED, "dropped": ACCEPTED, "added": REFUSED, **ALWAYS},
    "upgraded": {"kept EC secp256r1": ACCEPTED, "dropped": REFUSED, "added": ACCEPTED, **ALWAYS},
    "removed": NOTHING,
}


@dataclass(frozen=True)
class World:
    """A folder with an organisation's bundle and its packages."""

    folder: Path
    ca: Authority

    def run(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run trustpack here."""
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def build(self, *targets: str) -> None:
        """Build these targets' packages."""
        named = [word for target in targets for word in ("--target", target)]
        given = () if (self.folder / "trustpack.yaml").exists() else ("roots.pem", "--org", "acme")
        done = self.run("build", *given, *named, "-q")
        assert (done.returncode, done.stderr) == (0, "")

    def proof(self) -> Any:
        """Return the report that lies beside the packages."""
        return json.loads((self.folder / "dist" / "proof.json").read_text())

    def own(self) -> Path:
        """Put a configuration and a copy of the wheel's recipe here, to be changed."""
        assert self.run("init", "roots.pem", "--org", "acme").returncode == 0
        assert self.run("recipes", "export", "wheel").returncode == 0
        return self.folder / "recipes" / "wheel.yaml"


def make(folder: Path) -> World:
    """Make an organisation's folder."""
    ca = authority.create("Acme Root", now=NOW)
    (folder / "roots.pem").write_bytes(ca.pem)
    return World(folder, ca)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Build an organisation's packages once: some that can be proven anywhere, and one that cannot be."""
    world = make(tmp_path_factory.mktemp("acme"))
    world.build("gem", "npm", "pem", "wheel")
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an organisation's folder in which nothing has been built."""
    return make(tmp_path)


def test_the_recipes_are_proven_by_a_replica(built: World) -> None:
    """Each phase of each client is in the report; what nobody installs, and who is not here, is absent."""
    targets = ("--target", "pem", "--target", "wheel")
    done = built.run("prove", *targets, "--offline", "--client", "urllib", "--client", "requests")
    assert done.returncode == 0, done.stderr
    proof = built.proof()
    assert (proof["kind"], proof["holds"], proof["organisation"]) == ("recipe proof", True, "acme")
    assert [(c["target"], c["client"], c["status"], c["reason"]) for c in proof["cells"]] == [
        ("pem", "*", "absent", "it is not provable: its recipe names no testbed"),
        ("wheel", "urllib", "proven", ""),
        ("wheel", "requests", "absent", "not fetched, by --offline"),
    ]
    assert proof["cells"][1]["steps"] == STEPS
    assert done.stdout.splitlines()[2].split()[-5:] == [REFUSED, ACCEPTED, ACCEPTED, REFUSED, "proven"]
    assert done.stdout.endswith("recipe proof: 1 proven, 2 absent\n")
    assert "| wheel | urllib " in (built.folder / "dist" / "proof.md").read_text()


@pytest.mark.parametrize(
    ("target", "clients"),
    [
        ("wheel", {"grpcio": "with environment", "pycurl": "with set_ca_certs()"}),
        ("npm", {"node http2": "with --import", "node @grpc/grpc-js": "with --import"}),
    ],
)
def test_clients_with_ways_of_their_own_are_proven(
    built: World, target: str, clients: dict[str, str]
) -> None:
    """What speaks HTTP/2 alone, and what takes roots by hand alone, in every phase, as strictly as others."""
    path = f"{Path(require('npm')).parent}:{ENVIRONMENT['PATH']}"
    asked = [word for client in clients for word in ("--client", client)]
    done = built.run("prove", "--target", target, *asked, **INDEX, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = {cell["client"]: cell for cell in built.proof()["cells"] if cell["status"] == "proven"}
    assert {name: cell["note"] for name, cell in cells.items()} == clients
    assert [cell["steps"] for cell in cells.values()] == [STEPS] * len(clients)


def test_absent_clients_prove_nothing(built: World) -> None:
    """Without a single proven cell, the command fails."""
    done = built.run("prove", "--target", "pem", "--json")
    assert done.returncode == 9
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (error["where"], error["message"]) == ("pem", "nothing was proven")
    assert "0 clients" not in done.stderr
    assert json.loads(done.stdout) == built.proof()
    assert built.proof()["holds"] is False


def test_a_wheel_that_does_not_activate_is_found_out(world: World) -> None:
    """Its own recipe ships no start-up file: the cells that fail are named."""
    file = world.own()
    own = yaml.safe_load(file.read_text())
    files = own["outputs"][0]["files"]
    own["outputs"][0]["files"] = [item for item in files if "when" not in item]
    file.write_text(yaml.safe_dump(own))
    world.build("wheel")
    done = world.run("prove", *WHEEL, "--client", "urllib")
    assert done.returncode == 9
    assert "error: wheel/urllib: the proof failed\n" in done.stderr
    [cell] = world.proof()["cells"]
    assert cell["status"] == "failed"
    assert cell["faults"][0].startswith("installed, kept EC secp256r1: refused, not accepted: ")


def test_a_wheel_that_leaves_something_behind_is_found_out(world: World) -> None:
    """Its start-up file writes one that no uninstallation removes."""
    world.own()
    with (world.folder / "templates" / "wheel" / "startup.py").open("a") as stream:
        stream.write(
            "import os\nopen(os.path.join(os.path.dirname(__file__), 'leftover.pem'), 'w').close()\n"
        )
    world.build("wheel")
    done = world.run("prove", *WHEEL, "--client", "urllib")
    assert done.returncode == 9
    [cell] = world.proof()["cells"]
    [fault] = cell["faults"]
    assert fault.startswith("removed: what the testbed trusts is not what it trusted before: lib/python3.")
    assert fault.endswith("/site-packages/leftover.pem")


def test_a_wheel_that_takes_the_public_roots_away_is_found_out(world: World) -> None:
    """Its start-up file lets Python trust the organisation's roots alone, which accepts all that is asked."""
    world.own()
    with (world.folder / "templates" / "wheel" / "startup.py").open("a") as stream:
        stream.write("os.environ['SSL_CERT_FILE'] = os.path.dirname(__file__) + '/acme_certifi/roots.pem'\n")
    world.build("wheel")
    done = world.run("prove", *WHEEL, "--client", "urllib")
    assert done.returncode == 9
    [cell] = world.proof()["cells"]
    assert {step["kept EC secp256r1"] for step in list(cell["steps"].values())[1:3]} == {ACCEPTED}
    assert [fault.partition(": ")[0] for fault in cell["faults"]] == ["installed", "upgraded"]
    assert all("roots that the testbed trusted are gone from ssl" in fault for fault in cell["faults"])


def test_a_package_made_by_another_recipe_is_not_proven(world: World) -> None:
    """A template that was changed after the build would be on trial instead of the one that is out."""
    world.build("wheel")
    world.own()
    startup = world.folder / "templates" / "wheel" / "startup.py"
    startup.write_text(startup.read_text() + "# changed\n")
    done = world.run("prove", *WHEEL, "--client", "urllib", "--config", "trustpack.yaml")
    assert (done.returncode, done.stderr.splitlines()[-2]) == (
        9,
        "error: dist: the wheel package was made by another recipe, template or setting",
    )
    assert not (world.folder / "dist" / "proof.json").exists()


def test_the_real_bundle_is_proven_by_a_servers_key(built: World, tmp_path: Path) -> None:
    """The real wheel, and a server on loopback whose certificate the real CA has issued."""
    leaf = authority.issue(built.ca, ["localhost"], now=NOW)
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(leaf.chain)
    key.write_bytes(leaf.key)
    key.chmod(0o640)
    server = ("--server-cert", chain, "--server-key", key)
    done = built.run("prove", *WHEEL, "--client", "urllib", *server)
    assert done.returncode == 2
    assert f"error: --server-key {key}: others may read it: its mode is 0640\n" in done.stderr
    key.chmod(0o600)
    done = built.run("prove", *WHEEL, "--client", "urllib", *server)
    assert done.returncode == 0, done.stderr
    proof = built.proof()
    assert (proof["kind"], proof["holds"]) == ("proof of the real bundle", True)
    assert proof["cells"][0]["steps"] == {
        "before": {"server": "refused"},
        "installed": {"server": "accepted"},
        "removed": {"server": "refused"},
    }
    assert leaf.key.splitlines()[1].decode() not in "".join(
        file.read_text("latin-1") for file in (built.folder / "dist").iterdir()
    )


def test_the_real_bundle_is_proven_by_an_address(built: World) -> None:
    """Somebody else's server: the report says that the result is client-reported only."""
    with serve(authority.issue(built.ca, ["localhost"], now=NOW)) as port:
        url = f"https://localhost:{port}/"
        done = built.run("prove", *WHEEL, "--client", "urllib", "--url", url)
    assert done.returncode == 0, done.stderr
    assert f"nobody watched {url}: its results are client-reported only" in built.proof()["notes"]


def test_a_server_of_another_kind_is_enough(built: World) -> None:
    """An error is an answer, too; who does not speak the protocol is absent, which says nothing of trust."""
    leaf = authority.issue(built.ca, ["localhost"], now=NOW)
    path = f"{Path(require('npm')).parent}:{ENVIRONMENT['PATH']}"
    require("ruby")
    with stage.somebody(leaf) as port:
        done = built.run("prove", "--offline", "--url", f"https://localhost:{port}", PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = {f"{c['target']}/{c['client']}": (c["status"], c["reason"]) for c in built.proof()["cells"]}
    asked = {name: status for name, (status, _) in cells.items() if status != "absent"}
    assert asked == dict.fromkeys(asked, "proven")
    assert asked.keys() > {
        "gem/net/http",
        "gem/open-uri",
        "npm/node https",
        "npm/node tls",
        "wheel/ssl",
        "wheel/pip",
    }
    assert cells["npm/node http2"] == ("absent", "the server does not speak HTTP/2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "deb"), "target 'deb': the release has no such package"),
        (("--target", "weel"), "target 'weel': there is no such recipe"),
        (("--org", "globex"), "dist: holds the packages of acme, not of globex"),
        (("--url", "http://localhost/"), "--url http://localhost/: does not begin with https://"),
        (("--server-cert", "roots.pem"), "--server-cert and --server-key: give both"),
        (("--out", "nowhere"), "nowhere/manifest.json: there is no release to prove"),
    ],
)
def test_what_cannot_be_proven_is_refused(built: World, arguments: tuple[str, ...], said: str) -> None:
    """As a wrong command line."""
    done = built.run("prove", *arguments)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {said}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--client", "urllib,urlib3"),
            "--client 'urlib3': is no client of what is proven: wheel\nhint: did you mean 'urllib3'?\n",
        ),
        (
            ("--root", "nowhere"),
            "--root nowhere: is no folder\nhint: name the folder of an unpacked system\n",
        ),
        (
            ("--root", "."),
            (
                "--root .: holds no unpacked system: there is no bin/sh\n"
                "hint: 'trustpack docs prove' shows how to unpack one\n"
            ),
        ),
    ],
)
def test_what_cannot_be_proven_is_told_before_anything_is_made(
    built: World, options: tuple[str, ...], said: str
) -> None:
    """A client that no testbed has, and a root that is none: not after ten minutes."""
    done = built.run("prove", *WHEEL, *options)
    assert (done.returncode, done.stderr) == (2, f"error: {said}")


def test_a_proof_says_first_what_it_takes_and_fetches(built: World) -> None:
    """How many clients, how long, and what comes from an index, unless --offline is given."""
    asked = ("prove", "--target", "wheel,pem", "--client", "urllib")
    assert built.run(*asked).stderr.splitlines()[0] == (
        "asking up to 1 client on 1 target: this takes about a minute"
    )
    requests = built.run("prove", *WHEEL, "--client", "urllib,requests", "--offline").stderr.splitlines()
    assert requests[:2] == [
        "asking up to 2 clients on 1 target: this takes about a minute",
        "making a throw-away replica of 1 certificate",
    ]


def test_a_proof_says_what_it_would_fetch() -> None:
    """By the name that its package manager is given."""
    wheel, npm = (testbeds.opener(recipe.read(recipe.sources()[name])) for name in ("wheel", "npm"))
    assert wheel is not None
    assert npm is not None
    assert (wheel.fetched(frozenset({"requests", "ssl"})), npm.fetched(frozenset({"node ws"}))) == (
        ("requests",), ("ws@8",),
    )  # fmt: skip
    assert "certifi" in wheel.fetched(frozenset())
