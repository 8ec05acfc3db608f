"""A CA that another has cross-signed, beside a system that has some of its certificates already.

OpenSSL looks for an issuer by name: a root R and its cross-signed variant X, issued by L, share name and key.
Each system is laid in place of /etc/ssl/certs, in a namespace of the process that reads it.
"""

import contextlib
import datetime as dt
import shutil
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from cryptography import x509

from builder.prove.authority import Authority, create, issue
from builder.prove.server import serve
from builder.x509.subject_hash import subject_hash
from builder.x509.trusted import trusted_pem
from tests.crossed import crossed
from tests.runtime.gem.conftest import CLIENT, Home
from tests.tools import require, require_mounts

# What a server's chain and a client's come to, each without and with the variant that L has issued.
ASK = """
require 'openssl'
server, client, variant = ARGV.map { |file| OpenSSL::X509::Certificate.new(File.read(file)) }
stores = [OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE, OpenSSL::X509::Store.new.tap(&:set_default_paths)]
puts(stores.map do |store|
  [[server, 'SERVER'], [client, 'CLIENT']].map do |leaf, role|
    store.purpose = OpenSSL::X509.const_get("PURPOSE_SSL_#{role}")
    store.trust = OpenSSL::X509.const_get("TRUST_SSL_#{role}")
    [[], [variant]].map { |chain| store.verify(leaf, chain) ? 'yes' : 'no' }
  end.join(' ')
end.join(' '))
"""


@pytest.fixture(scope="module")
def family(now: dt.datetime) -> Mapping[str, Authority]:
    """Return R, L, X and O, a root that has R's name and another key."""
    root, legacy, other = (create(name, now=now) for name in ("Acme Root", "Legacy Root", "Acme Root"))
    return {"R": root, "L": legacy, "X": crossed(root, legacy), "O": other}


def der(authority: Authority) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.pem.decode())


def hashed(authorities: Sequence[Authority], folder: Path, text: Callable[[Authority], str]) -> None:
    """Write certificates by the names under which OpenSSL looks for them."""
    folder.mkdir(parents=True)
    for authority in authorities:
        name = subject_hash(der(authority))
        number = len(list(folder.glob(f"{name}.*")))
        (folder / f"{name}.{number}").write_text(text(authority))


@pytest.fixture
def lay(installed: Home, family: Mapping[str, Authority], tmp_path: Path) -> Callable[[str], list[str]]:
    """Make a gem of some of the family beside a system of some; return the words before a command there.

    A case reads as "RX L file": what the system has, what the gem, and in what the system has it.
    """
    require_mounts()

    def lay(case: str) -> list[str]:
        system, ours, place = case.split()
        certs = tmp_path / "certs"
        theirs = [family[letter] for letter in system]
        hashed(theirs if place == "folder" else [], certs, lambda one: one.pem.decode())
        if place == "file":
            (certs / "ca-certificates.crt").write_bytes(b"".join(one.pem for one in theirs))
        [source] = installed.path.glob("gems/*/lib")
        folder = Path(shutil.copytree(source, tmp_path / "lib")) / "acme_ca"
        shutil.rmtree(folder / "anchors")
        roots = sorted((family[letter] for letter in ours), key=lambda one: one is family["X"])
        hashed(roots, folder / "anchors", lambda one: trusted_pem(der(one)))
        (folder / "roots.pem").write_bytes(b"".join(one.pem for one in roots))
        words = 'mount --bind "$0" /etc/ssl/certs && exec "$@"'
        environment = ["env", f"RUBYLIB={tmp_path}/lib"]
        return [require("unshare"), "--mount", "sh", "-c", words, str(certs), *environment]

    return lay


# With the variant first in the system's file, OpenSSL takes it for the issuer, whatever comes later.
@pytest.mark.parametrize(
    "case",
    [
        *(
            "L X folder",
            "L X file",
            "L RX folder",
            "L R file",
            "R X folder",
            "R X file",
            "RX RX folder",
            "RX RX file",
        ),
        *("RX X file", "X R folder", "X X folder", "O R folder", "O R file", "RO X file", "XL R file"),
    ],
)
def test_a_server_that_sends_only_its_leaf(
    case: str,
    lay: Callable[[str], list[str]],
    home: Home,
    family: Mapping[str, Authority],
    now: dt.datetime,
) -> None:
    """Both kinds of stores accept it where the gem has its CA; what the system has still counts."""
    inside = lay(case)
    letters = ["R", "O"] if "O" in case else ["R"]  # O: the root of the same name
    with contextlib.ExitStack() as stack:
        leaves = [issue(family[letter], ["localhost"], now=now) for letter in letters]
        urls = [f"https://localhost:{stack.enter_context(serve(leaf))}/" for leaf in leaves]
        for client in ("net/http", "store"):
            done = home.run(*inside, require("ruby"), str(CLIENT), client, "acme_ca", *urls)
            assert done.stdout.split() == ["accepted" for _ in urls]


@pytest.mark.parametrize("case", ["R RX folder", "RX RX file", "XL RX folder", "RL X file", "L X folder"])
def test_clients_that_the_system_trusts(
    case: str,
    lay: Callable[[str], list[str]],
    home: Home,
    family: Mapping[str, Authority],
    now: dt.datetime,
) -> None:
    """A store accepts with the gem each client that it accepts without it."""
    files = [home.path / name for name in ("server.pem", "client.pem", "variant.pem")]
    usage = x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH
    files[0].write_bytes(issue(family["R"], ["localhost"], now=now).chain)
    files[1].write_bytes(issue(family["R"], ["device"], now=now, usage=usage).chain)
    files[2].write_bytes(family["X"].pem)
    command = [*lay(case), require("ruby"), "-e", ASK, *map(str, files)]
    without = home.run(*command).stdout.split()
    held = home.run(*command, RUBYOPT="-racme_ca").stdout.split()
    assert len(without) == len(held) == 8
    assert [] == [both for both in zip(without, held, strict=True) if both == ("yes", "no")]
    assert held[0:2] == held[4:6] == ["yes", "yes"]
