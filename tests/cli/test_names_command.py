"""`trustpack names` as people run it: against servers that play the public registries."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests import registries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import World
    from tests.registries import Registry

_CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [deb, wheel, npm, gem]\n"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return one server that answers as all three registries; all names are free there."""
    with registries.running() as running:
        yield running


def _mirrors(registry: Registry) -> list[str]:
    return [word for name in ("pypi", "npm", "rubygems") for word in ("--registry", f"{name}={registry.url}")]


def test_it_says_of_each_name_what_to_do(world: World, registry: Registry) -> None:
    """Free, ours by the digest of what was built, somebody else's; the status says whether that is urgent."""
    world.write("trustpack.yaml", f"{_CONFIG}publish: {{public: [pypi]}}\n")
    assert 0 == world.run("build", "--release", "7").code
    asked = world.run("names", *_mirrors(registry))
    assert (0, 3) == (asked.code, asked.out.count(": free\n"))
    assert "deb: no public registry" in asked.out
    assert f"asking PyPI at {registry.url} for acme-certifi" in asked.err
    wheel, tarball = world.folder / "dist" / "acme_certifi-1.7-py3-none-any.whl", "acme-ca-1.7.0.tgz"
    registry.answers["/simple/acme-certifi"] = registries.simple(
        "acme-certifi", {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest()}
    )
    integrity = hashlib.sha512((world.folder / "dist" / tarball).read_bytes()).digest()
    registry.answers["/acme-ca"] = registries.packument(
        "acme-ca", {"1.7.0": f"sha512-{base64.b64encode(integrity).decode()}"}
    )
    registry.answers["/info/acme-ca"] = registries.compact({"0.1": "c" * 64})
    asked = world.run("names", "--json", *_mirrors(registry))
    assert 1 == asked.code
    found = {each["target"]: (each["state"], each["due"]) for each in json.loads(asked.out)["names"]}
    # npm's is ours, and nobody has said that it may be public.
    assert {"wheel": ("ours", False), "npm": ("ours", True), "gem": ("taken", True)} == found


def test_offline_is_no_failure_and_a_closed_door_is_one(world: World) -> None:
    """Who says --offline knows; who does not learns why."""
    world.write("trustpack.yaml", _CONFIG)
    asked = world.run("names", "--offline")
    assert (0, "") == (asked.code, asked.err)
    assert 3 == asked.out.count("why: nobody was asked: --offline")
    nobody = [
        word for name in ("pypi", "npm", "rubygems") for word in ("--registry", f"{name}=http://127.0.0.1:1")
    ]
    asked = world.run("names", *nobody)
    assert (1, 3) == (asked.code, asked.out.count("cannot be reached"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("pipy=https://x.example", "known here: npm, pypi, rubygems"),
        ("npm=ftp://x.example", "an http or https URL"),
        ("npm=https://u:secret@x.example", "holds a user name or a password"),
        ("npm", "an http or https URL"),
    ],
)
def test_a_mirror_that_is_none_is_refused(world: World, given: str, said: str) -> None:
    """Before anybody is asked."""
    world.write("trustpack.yaml", _CONFIG)
    asked = world.run("names", "--registry", given)
    assert (2, True) == (asked.code, said in asked.err), asked.err
    assert "secret" not in asked.err
