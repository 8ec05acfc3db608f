"""A context that a program makes itself stays what it was when it was made, beside the bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from tests.runtime.npm import world
from tests.runtime.npm.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from tests.runtime.npm.conftest import Authorities


@pytest.fixture(scope="module")
def second() -> Authority:
    """Make a second CA of the organisation."""
    return authority.create("Acme Second Root", now=NOW)


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., Path],
    authorities: Authorities,
    second: Authority,
) -> Path:
    """Make a project with a package of two CAs."""
    folder = tmp_path_factory.mktemp("contexts")
    world.npm_install(folder, build("acme", authorities.acme, second))
    return folder


def _pair(leaf: Leaf) -> dict[str, str]:
    return {"cert": leaf.chain.decode(), "key": leaf.key.decode()}


@pytest.mark.parametrize("release", world.NODES)
def test_a_context_stays_what_it_was_made_of(
    release: str, installed: Path, authorities: Authorities, second: Authority
) -> None:
    """Neither its options' owner, nor a stranger, nor other default roots give it what was not in it."""
    names = {
        "acme": authorities.acme,
        "second": second,
        "globex": authorities.globex,
        "unrelated": authorities.unrelated,
    }
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    people = {
        name: authority.issue(authorities.acme, [name], now=NOW, usage=usage) for name in ("anna", "bert")
    }
    question = {
        "servers": {name: _pair(authorities.server(issuer)) for name, issuer in names.items()},
        "clients": {name: _pair(leaf) for name, leaf in people.items()},
        "roots": {name: issuer.pem.decode() for name, issuer in names.items()},
    }
    expected: dict[str, object] = {
        "a key wiped": "anna",
        "bytes overwritten": "anna",
        "lists emptied": "anna",
        "rotated": "anna",
        "a stranger gives one": "anna",
        "and another": "bert",
        "and none": "nobody",
    }
    if int(release) >= 22:
        expected |= {
            "a class that lists the roots": "acme second",
            "a text is no list": "ERR_INVALID_ARG_TYPE",
            "from before a longer list": "acme second",
            "of a list of its own": "acme second globex",
            "by that list": "acme second unrelated",
            "from before a shorter list": "acme second",
            "from the shorter list": "acme second globex",
            "one of the bundle struck out": "acme",
            "and listed": -1,
            "from before that": "acme second",
            "put back": "acme second",
        }
    argv = [world.node(release), "--require", "acme-ca/register", str(world.PROGRAMS / "contexts.mjs")]
    assert expected == world.answer(argv, cwd=installed, question=json.dumps(question))
