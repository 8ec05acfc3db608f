"""What Go's clients and servers trust once a program imports the module, on the oldest Go and on newer ones.

Each program runs in a root folder with nothing but itself, and with one CA among the system's or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.runtime.go.world import Answers, Programs, Root

_DEFAULT = ("http.Get", "DefaultTransport")
_OTHERS = ("Transport", "Transport of its own", "tls.Dial", "tls.Config", "Verify by hand")
_OWN = {"RootCAs": {"stranger"}, "empty RootCAs": set[str]()}
# Of a program that names roots of its own, beside the module's and by them.
_CHOICE = {"OWN_ROOTS": "/stranger.pem"}
_ADDED = {"trust.Add": {"stranger", "acme"}}
_ALL = (*_DEFAULT, *_OTHERS)


def _each(names: tuple[str, ...], roots: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(names, roots)


def _accepted(found: Answers, names: tuple[str, ...] = ()) -> dict[str, set[str]]:
    return {name: found.accepted(name) for name in names or found.clients}


def test_trust_is_for_http_default_transport(programs: Programs, root: Root) -> None:
    """It and its clones accept the CA beside the system's; the others as before; a bad leaf no client."""
    found = root.ask(programs.compiled("acme"), _CHOICE)
    default = _each((*_DEFAULT, "trust.Config"), {"acme", "public"})
    assert _accepted(found) == {**default, **_each(_OTHERS, {"public"}), **_OWN, **_ADDED}
    assert (found.seen["protocol"], found.seen["resumed"]) == ("HTTP/2.0", "yes")
    assert found.seen["trust.Pool for a certificate by itself"] == ""


def test_everywhere_is_for_every_client_without_roots_of_its_own(programs: Programs, root: Root) -> None:
    """Other transports, plain TLS and those that verify by hand, too; and the environment is as before."""
    found = root.ask(programs.compiled("acme", "everywhere"), _CHOICE)
    every = _each((*_ALL, "trust.Config"), {"acme", "public"})
    assert _accepted(found) == {**every, **_OWN, **_ADDED}
    assert (found.seen["GODEBUG"], found.seen["trust.Everywhere again"], found.said) == ("unset", "", "")
    assert found.seen["client inside a server"] == ""


@pytest.mark.parametrize("tags", ["acme", "acme everywhere"])
def test_servers_accept_no_client_because_of_it(programs: Programs, root: Root, tags: str) -> None:
    """Not with the system's roots, not with the module's pool; only with the text as roots of their own."""
    found = root.ask(programs.compiled(*tags.split()))
    own = {"its own copy": {"acme"}}
    system = ("no ClientCAs", "callback", "after the handshake", "trust.Pool")
    assert {name: found.served(name) for name in found.servers} == {
        **_each(system, {"public"}),
        **own,
    }


@pytest.mark.parametrize(
    ("tags", "reached"), [("acme", _DEFAULT), ("acme everywhere", _ALL)], ids=["trust", "everywhere"]
)
def test_it_works_in_an_image_without_any_roots(
    programs: Programs, scratch: Root, tags: str, reached: tuple[str, ...]
) -> None:
    """As one from scratch has none: then these are the only ones."""
    found = scratch.ask(programs.compiled(*tags.split()))
    expected = {name: {"acme"} if name in reached else set[str]() for name in _ALL}
    assert _accepted(found, _ALL) == expected
    assert found.served("no ClientCAs") == set()


@pytest.mark.parametrize(
    ("environment", "accepted"),
    [
        pytest.param({"ACME_CA_DISABLE": "1"}, {"public"}, id="switched-off"),
        pytest.param({"ACME_CA_DISABLE": "0"}, {"acme", "public"}, id="not-switched-off"),
        pytest.param({"SSL_CERT_FILE": "/stranger.pem"}, {"stranger", "public"}, id="file"),
        pytest.param({"SSL_CERT_DIR": "/own"}, {"public"}, id="folder"),
        pytest.param(
            {
                "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
                "SSL_CERT_DIR": "/etc/ssl/certs:/etc/pki/tls/certs",
            },
            {"acme", "public"},
            id="the-systems-own",
        ),
    ],
)
def test_the_users_choice_wins(
    programs: Programs, root: Root, environment: Mapping[str, str], accepted: set[str]
) -> None:
    """Nothing is added to roots that a variable names, but to the system's, which container images name."""
    found = root.ask(programs.compiled("acme", "everywhere"), environment)
    # Go reads its default folders beside SSL_CERT_FILE.
    assert _accepted(found, _ALL) == _each(_ALL, accepted)


@pytest.mark.parametrize(
    ("own", "default", "others"),
    [
        pytest.param("roots", {"stranger"}, {"acme", "public"}, id="roots"),
        pytest.param("plain", {"acme", "public"}, {"acme", "public"}, id="another-transport"),
    ],
)
def test_the_programs_choice_wins(
    programs: Programs, root: Root, own: str, default: set[str], others: set[str]
) -> None:
    """Roots in http.DefaultTransport stay alone; another transport there has no roots, and gets them."""
    found = root.ask(programs.compiled("acme", "everywhere", "own"), {"OWN": own, **_CHOICE})
    assert _accepted(found, _ALL) == {**_each(_DEFAULT, default), **_each(_OTHERS, others)}
    assert default == {"stranger"} or found.seen["protocol"] == "HTTP/2.0"


def test_another_kind_of_default_transport_stays(programs: Programs, root: Root) -> None:
    """It is asked nothing, and the other clients are reached all the same."""
    names = ("http.Get", *_OTHERS)
    program = programs.compiled("acme", "everywhere", "own")
    found = root.ask(program, {"OWN": "replaced"})
    assert _accepted(found, names) == {"http.Get": set(), **_each(_OTHERS, {"acme", "public"})}


@pytest.mark.parametrize(
    ("tags", "reached"),
    [
        pytest.param("globex", _DEFAULT, id="trust"),
        pytest.param("everywhere globex", _ALL, id="first-everywhere", marks=pytest.mark.long),
        pytest.param("globex_everywhere", _ALL, id="second-everywhere", marks=pytest.mark.long),
        pytest.param("everywhere globex_everywhere", _ALL, id="both-everywhere"),
    ],
)
def test_two_organisations_share_a_program(
    programs: Programs, root: Root, tags: str, reached: tuple[str, ...]
) -> None:
    """By http.DefaultTransport both are trusted, and by all if one is everywhere; no server is widened."""
    found = root.ask(programs.compiled("acme", *tags.split()), _CHOICE)
    both = {name: {"acme", "globex", "public"} if name in reached else {"public"} for name in _ALL}
    assert _accepted(found, _ALL) == both
    assert found.served("no ClientCAs") == {"public"}
    assert found.said == ""


def test_the_switch_is_each_organisations_own(programs: Programs, root: Root) -> None:
    """One that is off leaves the other's roots as they are."""
    program = programs.compiled("acme", "everywhere", "globex_everywhere")
    found = root.ask(program, {"ACME_CA_DISABLE": "1"})
    assert _accepted(found, _ALL) == _each(_ALL, {"globex", "public"})


_TAKEN = "acme.internal/ca: another package has set fallback roots before"


def test_fallback_roots_of_others_come_first(programs: Programs, root: Root) -> None:
    """With x509roots/fallback, http.DefaultTransport is served, and a line says that it is all."""
    found = root.ask(programs.compiled("acme", "everywhere", "fallback"), _CHOICE)
    default = _each(_DEFAULT, {"acme", "public"})
    assert _accepted(found, _ALL) == {**default, **_each(_OTHERS, {"public"})}
    assert _TAKEN in found.said
    assert found.seen["trust.Everywhere again"].startswith(_TAKEN)
    assert found.seen["GODEBUG"] == "unset"


def test_fallback_roots_of_others_that_come_later_stop_the_program(programs: Programs, root: Root) -> None:
    """As two such packages of others would: that is why libraries must not import it."""
    done = root.run(programs.compiled_late("acme", "everywhere"))
    assert done.returncode == 2
    assert "SetFallbackRoots has already been called" in done.stderr


_WITH_GRPC = ["machine", *(pytest.param(f"1.{one}", marks=pytest.mark.long) for one in (22, 23, 24, 25, 27))]


@pytest.mark.parametrize("programs", _WITH_GRPC, indirect=True)
def test_grpc_follows_everywhere(programs: Programs, root: Root) -> None:
    """With credentials that name no roots; those that do stay alone."""
    found = root.ask(programs.compiled("acme", "everywhere", "grpc"), _CHOICE)
    clients = ("grpc NewTLS", "grpc NewClientTLSFromCert")
    assert _accepted(found, clients) == _each(clients, {"acme", "public"})
    assert _accepted(found, ("grpc NewTLS of its own",)) == {"grpc NewTLS of its own": {"stranger"}}
