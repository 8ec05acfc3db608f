"""What the doctor says of a system's stores and settings, held to what that system's own clients then do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove import authority
from builder.prove.sandbox import open_sandbox
from builder.x509.subject_hash import subject_hash
from builder.x509.trusted import trusted_pem
from tests import releases
from tests.doctor.asking import requested
from tests.roots import root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.prove.sandbox import Sandbox
    from builder.prove.server import Listener

_FETCH = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
# By the name that the doctor's rows have for it, in their kind or among the readers of a variable.
_CLIENTS = {
    "curl": ("curl", "-sf", "-o", "/dev/null", "{url}"),
    "git": ("git", "ls-remote", "{url}"),
    "wget": ("wget", "-q", "-O", "/dev/null", "{url}"),
    "apt": ("/usr/lib/apt/apt-helper", "-oAcquire::Retries=0", "download-file", "{url}", "/root/fetched"),
    "Python": ("python3", "-c", _FETCH, "{url}"),
    "OpenSSL": (
        "sh",
        "-c",
        r"printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -quiet -verify_return_error -connect {host}",
    ),
}  # fmt: skip
_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_ANCHOR = "/usr/local/share/ca-certificates/acme.crt"
# A few public roots are enough, and Java's store is not asked here.
_FEW = "sed -i '11,$s/^mozilla/!&/' /etc/ca-certificates.conf; rm -f /etc/ca-certificates/update.d/*"
_RUN = f"{_FEW}; cp /srv/acme.pem {_ANCHOR} && update-ca-certificates"
_OTHER_FILE = {"SSL_CERT_FILE": "/srv/other.pem"}
_EMPTY_FOLDER = {"SSL_CERT_DIR": "/srv/empty"}
_ALL = set(_CLIENTS)
_ON_OPENSSL = {"curl", "Python", "OpenSSL"}
_WITH_TRUSTED = f"{_FEW}; update-ca-certificates; cat /srv/trusted.pem >> {_SYSTEM_BUNDLE}"
_WITHOUT_BUNDLE = f"{_RUN}; rm {_SYSTEM_BUNDLE}"
_EMPTY_BUNDLE = f"{_RUN}; : > {_SYSTEM_BUNDLE}"
_APT = "echo 'Acquire::https::CAInfo \"{}\";' > /etc/apt/apt.conf.d/acme"
_GIT = "git config --global http.sslCAInfo /srv/{}.pem"
_INCLUDE = "git config --global include.path /srv/more; git config -f /srv/more http.sslCAInfo /srv/{}.pem"


@dataclass(frozen=True)
class _Case:
    """What is done to a system, and which clients, as measured, trust the CA then."""

    setup: str
    trusting: set[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    suite: str = "bookworm"


CASES = {
    "nothing": _Case("true", set()),
    "own package": _Case("dpkg -i /srv/acme.deb", _ALL),
    "anchor": _Case(_RUN, _ALL),
    "anchor without its tool": _Case(f"cp /srv/acme.pem {_ANCHOR}", set()),
    "package removed": _Case("dpkg -i /srv/acme.deb && dpkg -P acme-ca-certs", set()),
    "folder without hashes": _Case("cp /srv/acme.pem /etc/ssl/certs/acme.pem", {"git"}),
    "an older certificate of the same name": _Case(
        f"cp /srv/namesake.pem {_ANCHOR} && update-ca-certificates", set()
    ),
    "folder with hashes of before": _Case(
        "H=$(openssl x509 -subject_hash_old -noout -in /srv/acme.pem); cp /srv/acme.pem /etc/ssl/certs/$H.0",
        {"git"},
    ),
    "anchor overwritten": _Case(
        f"cp /srv/other.pem {_ANCHOR}; {_FEW}; update-ca-certificates; cp /srv/acme.pem {_ANCHOR}", {"git"}
    ),
    "bundle with a damaged certificate": _Case(
        f"sed -i '3s/^..../!!!!/' {_SYSTEM_BUNDLE}; cat /srv/acme.pem >> {_SYSTEM_BUNDLE}", set()
    ),
    "bundle with a mark of UTF-8": _Case(
        f"(printf '\\357\\273\\277'; cat /srv/acme.pem) > {_SYSTEM_BUNDLE}", _ALL
    ),
    "variable that names DER": _Case(
        "openssl x509 -in /srv/acme.pem -outform DER -out /srv/a.der", set(), {"SSL_CERT_FILE": "/srv/a.der"}
    ),
    "variable that names a folder": _Case("true", set(), {"SSL_CERT_FILE": "/srv/hashed"}),
    "folder's variable without hashes": _Case(
        "mkdir /srv/plain && cp /srv/acme.pem /srv/plain", set(), {"SSL_CERT_DIR": "/srv/plain"}
    ),
    "git's file, twice": _Case(
        "printf '[http]\\nsslCAInfo=/srv/acme.pem\\nsslCAInfo=/srv/other.pem # ours\\n' > /root/.gitconfig",
        set(),
    ),
    "curlrc, twice": _Case(
        "printf 'cacert=/srv/acme.pem\\ncacert=/srv/other.pem\\n' > /root/.curlrc", set()
    ),
    "variable": _Case("true", {"curl", "Python", "OpenSSL"}, {"SSL_CERT_FILE": "/srv/acme.pem"}),
    "folder's variable": _Case("true", {"curl", "Python", "OpenSSL"}, {"SSL_CERT_DIR": "/srv/hashed"}),
    "variable beside the folder": _Case(_RUN, _ALL, _OTHER_FILE),
    "both variables": _Case(_RUN, _ALL - {"Python", "OpenSSL"}, {**_OTHER_FILE, **_EMPTY_FOLDER}),
    "curl's variable": _Case("true", {"curl"}, {"CURL_CA_BUNDLE": "/srv/acme.pem"}),
    "git's variable": _Case("true", {"git"}, {"GIT_SSL_CAINFO": "/srv/acme.pem"}),
    "git's folder": _Case(f"{_RUN}; git config --global http.sslCAPath /srv/empty", _ALL - {"git"}),
    "git's file": _Case("git config --global http.sslCAInfo /srv/acme.pem", {"git"}),
    "git's file beside the folder": _Case(f"{_RUN}; git config --global http.sslCAInfo /srv/other.pem", _ALL),
    "curlrc": _Case("echo 'cacert = /srv/acme.pem' > /root/.curlrc", {"curl"}),
    "wgetrc": _Case("echo 'ca_certificate = /srv/acme.pem' > /root/.wgetrc", {"wget"}),
    "wget's folder": _Case(f"{_RUN}; echo 'ca_directory = /srv/empty' > /root/.wgetrc", _ALL - {"wget"}),
    # A client's own library decides: git and wget are on GnuTLS, apt since Debian 13 on OpenSSL.
    "trusted certificate in the bundle": _Case(_WITH_TRUSTED, _ON_OPENSSL),
    "trusted certificate in the bundle, trixie": _Case(_WITH_TRUSTED, _ON_OPENSSL | {"apt"}, suite="trixie"),
    "trusted certificate by hash": _Case("cp /srv/trusted.pem /etc/ssl/certs/$(ls /srv/hashed)", _ON_OPENSSL),
    "trusted certificate in git's file": _Case("true", set(), {"GIT_SSL_CAINFO": "/srv/trusted.pem"}),
    "trusted certificate in wget's file": _Case(
        "echo 'ca_certificate = /srv/trusted.pem' > /root/.wgetrc", set()
    ),
    "trusted certificate in apt's file": _Case(_APT.format("/srv/trusted.pem"), set()),
    "trusted certificate in apt's file, trixie": _Case(
        _APT.format("/srv/trusted.pem"), {"apt"}, suite="trixie"
    ),
    "damaged trusted certificate before": _Case(
        f"(sed '3s/^..../!!!!/' /srv/trusted.pem; cat /srv/acme.pem) > {_SYSTEM_BUNDLE}",
        {"git", "wget", "apt"},
    ),
    "apt's file": _Case(_APT.format("/srv/acme.pem"), {"apt"}),
    # curl, and apt on GnuTLS, and git where its library reads it, need the bundle, whatever the folder has.
    "no bundle": _Case(_WITHOUT_BUNDLE, _ALL - {"curl", "apt"}),
    "no bundle, trixie": _Case(_WITHOUT_BUNDLE, _ALL - {"curl", "git"}, suite="trixie"),
    "empty bundle": _Case(_EMPTY_BUNDLE, _ALL - {"curl", "apt"}),
    "empty bundle, trixie": _Case(_EMPTY_BUNDLE, _ALL - {"curl"}, suite="trixie"),
    "damaged bundle, trixie": _Case(
        f"{_RUN}; sed -i '3s/^..../!!!!/' {_SYSTEM_BUNDLE}", _ALL - {"curl", "git"}, suite="trixie"
    ),
    "no bundle, but a variable": _Case(_WITHOUT_BUNDLE, _ALL - {"apt"}, _OTHER_FILE),
    "no bundle, and curl's folder": _Case(
        f"rm {_SYSTEM_BUNDLE}; echo 'capath = /srv/hashed' > /root/.curlrc", set()
    ),
    "no bundle, and the folder's variable": _Case(
        f"rm {_SYSTEM_BUNDLE}", {"Python", "OpenSSL"}, {"SSL_CERT_DIR": "/srv/hashed"}
    ),
    "git's include": _Case(_INCLUDE.format("acme"), {"git"}),
    "git's include, last": _Case(f"{_GIT.format('acme')}; {_INCLUDE.format('other')}", set()),
    "git's include, first": _Case(f"{_INCLUDE.format('other')}; {_GIT.format('acme')}", {"git"}),
    "git's other file": _Case(
        f"mkdir -p /root/.config/git; echo '[http] sslCAInfo = /srv/acme.pem' > /root/.config/git/config; "
        f"{_GIT.format('other')}", set(),
    ),
    "git's variable for its file": _Case(
        f"{_GIT.format('other')}; mv /root/.gitconfig /srv/own; {_GIT.format('acme')}", set(),
        {"GIT_CONFIG_GLOBAL": "/srv/own"},
    ),
    "WGETRC": _Case("echo 'ca_certificate = /srv/acme.pem' > /srv/own", {"wget"}, {"WGETRC": "/srv/own"}),
    "WGETRC in the place of another": _Case(
        "echo 'ca_certificate = /srv/acme.pem' > /root/.wgetrc; echo 'tries = 1' > /srv/own", set(),
        {"WGETRC": "/srv/own"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def packages(acme: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the organisation's doctor and its package for Debian."""
    out = tmp_path_factory.mktemp("packages")
    return {
        target: releases.build(out / target, "acme", [acme], target=target, release="1")[0]
        for target in ("deb", "doctor")
    }


@pytest.mark.parametrize("name", CASES)
def test_what_the_doctor_says_is_what_clients_do(
    name: str, acme: Authority, other: Authority, server: Listener, packages: dict[str, Path]
) -> None:
    """Trusted, where a row that counts says valid and none says missing; else refused, in a handshake."""
    case = CASES[name]
    with open_sandbox(root(case.suite)) as sandbox:
        _fill(sandbox, acme, other, packages)
        sandbox.run(["sh", "-ec", case.setup])
        done = sandbox.run(
            ["python3", "-I", "/srv/d.pyz", "--json"], check=False, environment=case.environment
        )
        found = json.loads(done.out)
        assert done.code in {0, 1}, done.out
        said = {client for client in _CLIENTS if _says(found, client)}
        done_by = {client for client in _CLIENTS if _does(sandbox, server, client, case.environment)}
    assert (said, done_by) == (case.trusting, case.trusting)


def _fill(sandbox: Sandbox, acme: Authority, other: Authority, packages: dict[str, Path]) -> None:
    namesake = authority.create("Acme Root CA", now=acme.certificate.not_valid_before_utc)
    der = acme.certificate.public_bytes(Encoding.DER)
    for path, data in {
        "/srv/acme.pem": acme.pem,
        "/srv/other.pem": other.pem,
        "/srv/namesake.pem": namesake.pem,
        "/srv/trusted.pem": trusted_pem(der).encode(),
        f"/srv/hashed/{subject_hash(der)}.0": acme.pem,
        "/srv/empty/.keep": b"",
        "/srv/acme.deb": packages["deb"].read_bytes(),
        "/srv/d.pyz": packages["doctor"].read_bytes(),
    }.items():
        sandbox.copy_in(path, data)


def _says(found: dict[str, Any], client: str) -> bool:
    """Tell whether, by its rows, a client trusts the CA: its settings' first, then the system's."""
    own, system = [], []
    for row in found["rows"]:
        if row["effective"] is False or not row["states"]:
            continue
        (state,) = row["states"].values()
        readers = row["note"].partition("read by ")[2].split(", ")
        if row["kind"] == client or (row["kind"] == "environment" and client in readers):
            own.append(state)
        elif row["kind"] == "system":
            system.append(state)
    if "valid" in own or {"missing", "rotate"} & {*own}:
        return "valid" in own
    return "valid" in system


def _does(sandbox: Sandbox, server: Listener, client: str, environment: Mapping[str, str]) -> bool:
    url = f"https://localhost:{server.port}/"
    words = [word.format(url=url, host=url[8:-1]) if "{" in word else word for word in _CLIENTS[client]]
    before = server.seen()
    done = sandbox.run(words, check=False, environment=environment)
    return requested(server, before, done.out)
