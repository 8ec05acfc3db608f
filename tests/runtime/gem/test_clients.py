"""Every Ruby client refuses Acme's server before, accepts it while the gem is installed, refuses it after."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.prove.authority import Authority
from tests.runtime.gem.conftest import Home

REFUSED = ["refused"] * 4
# The server of another CA, the one with another name and the expired one stay refused.
ACCEPTED = ["accepted", "refused", "refused", "refused"]
CLIENTS = [
    "net/http",
    "open-uri",
    "openssl",
    "store",
    "faraday",
    "httparty",
    "excon",
    "rest-client",
    "httpclient",
    "http",
    "net-http-persistent",
    "mongo",
    "typhoeus",
]


@pytest.mark.parametrize("client", CLIENTS)
def test_before_installed_removed(
    client: str, home: Home, installed: Home, removed: Home, urls: list[str]
) -> None:
    """Installing the gem makes the difference, and uninstalling it takes it back."""
    feature = "acme_ca/typhoeus" if client == "typhoeus" else "acme_ca"
    assert home.client(client, feature, *urls) == REFUSED
    assert installed.client(client, feature, *urls) == ACCEPTED
    assert removed.client(client, feature, *urls) == REFUSED


@pytest.mark.parametrize("client", ["httpclient-own", "ca_file"])
def test_libraries_with_public_roots_of_their_own(
    client: str, home: Home, installed: Home, urls: list[str], public_roots: Path, stranger: Authority
) -> None:
    """Who hands OpenSSL a library's public roots trusts the gem's, too; with other roots, those alone."""
    copy = {"ROOTS": str(public_roots)}
    assert home.client(client, "acme_ca", *urls, **copy) == REFUSED
    assert installed.client(client, "acme_ca", *urls, **copy) == ACCEPTED
    (home.path / "more.pem").write_bytes(public_roots.read_bytes() + stranger.pem)
    more = {"ROOTS": str(home.path / "more.pem")}
    assert installed.client(client, "acme_ca", *urls[:2], **more) == ["refused", "accepted"]


def test_clients_that_are_given_a_file(installed: Home, urls: list[str]) -> None:
    """The README's lines for em-http-request and grpc let them trust the roots; without, they refuse."""
    (roots,) = installed.ruby("require 'acme_ca'; puts AcmeCa.path")
    assert installed.client("em-http-request", "acme_ca", *urls[:2]) == ["refused", "refused"]
    assert installed.client("em-http-request", "acme_ca", *urls[:2], ROOTS=roots) == ["accepted", "refused"]
    command = str(installed.path / "bin/acme-ca")
    written = str(installed.path / "merged/roots.pem")
    variables = json.loads(installed.run(command, "env", f"--write={written}", "--json").stdout)
    assert {"RUBYOPT", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"} == variables.keys()
    assert installed.client("grpc", "uri", *urls[:2]) == ["refused", "refused"]
    assert installed.client("grpc", "uri", *urls[:2], **variables) == ["accepted", "refused"]


def test_an_upgrade_is_the_new_bundle(
    home: Home, build: Callable[..., Path], acme: Authority, stranger: Authority, urls: list[str]
) -> None:
    """After an upgrade a root that was dropped is refused, and one that was added accepted."""
    home.install(build("acme", acme, release="1"))
    home.install(build("acme", stranger, release="2"))
    assert home.client("net/http", "acme_ca", *urls) == ["refused", "accepted", "refused", "refused"]


def test_two_organisations(
    home: Home, gem: Path, build: Callable[..., Path], stranger: Authority, urls: list[str]
) -> None:
    """Two organisations' gems in one process are both active, and each is removed alone."""
    home.install(gem)
    home.install(build("globex", stranger))
    both = {"RUBYOPT": "-racme_ca -rglobex_ca"}
    for client in ("net/http", "store"):
        assert home.client(client, "acme_ca", *urls, **both) == ["accepted", "accepted", "refused", "refused"]
    home.uninstall("globex-ca")
    assert home.client("net/http", "acme_ca", *urls) == ACCEPTED


def test_two_organisations_whose_names_differ_by_a_sign(
    home: Home, build: Callable[..., Path], acme: Authority, stranger: Authority, urls: list[str]
) -> None:
    """acme-2's gem and acme2's have constants, files and switches of their own."""
    home.install(build("acme-2", acme))
    home.install(build("acme2", stranger))
    both = {"RUBYOPT": "-racme_2_ca -racme2_ca"}
    assert home.client("store", "acme2_ca", *urls[:2], **both) == ["accepted", "accepted"]
    names = home.ruby("puts Acme_2Ca.path == Acme2Ca.path, Acme_2Ca.activate!, Acme2Ca.activate!", **both)
    assert names == ["false", "true", "true"]
    off = home.client("store", "acme2_ca", *urls[:2], **both, ACME_2_CA_DISABLE="1")
    assert off == ["refused", "accepted"]
    home.uninstall("acme2-ca")
    assert home.client("store", "acme_2_ca", *urls[:2]) == ["accepted", "refused"]


def test_the_bundle_of_another_organisation_may_share_a_root(
    home: Home, gem: Path, build: Callable[..., Path], acme: Authority, urls: list[str]
) -> None:
    """A root in two gems is accepted as long as one of them is there."""
    home.install(gem)
    home.install(build("globex", acme))
    assert home.client("store", "globex_ca", *urls, RUBYOPT="-racme_ca") == ACCEPTED
    home.uninstall("acme-ca")
    assert home.client("store", "globex_ca", *urls) == ACCEPTED
