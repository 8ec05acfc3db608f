"""The formula links CAs into OpenSSL's folder, and takes back what it linked and nothing else."""

import datetime as dt
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.prove.authority import Authority, issue
from builder.prove.server import serve
from tests.runtime.homebrew.conftest import Prefix
from tests.tools import require


@pytest.mark.parametrize("way", ["install", "pour"])
def test_before_installed_removed(
    way: str, prefix: Prefix, formula: Path, port: int, stranger_port: int
) -> None:
    """From source or bottle: refused before, accepted once installed, refused as soon as uninstalled."""
    assert prefix.tries(port) == "refused"
    prefix.brew(way, formula)
    prefix.brew("test", formula)
    assert prefix.tries(port) == "accepted"
    assert prefix.tries(stranger_port) == "refused"
    assert prefix.tries(port, "elsewhere.internal") == "refused"
    prefix.brew("uninstall", formula)
    assert prefix.tries(port) == "refused"
    assert prefix.names() == []


def test_an_expired_server_stays_refused(
    prefix: Prefix, formula: Path, acme: Authority, now: dt.datetime
) -> None:
    """Trusting the CA makes no expired certificate good."""
    prefix.brew("pour", formula)
    valid = (now - dt.timedelta(days=2), now - dt.timedelta(days=1))
    with serve(issue(acme, ["localhost"], now=now, valid=valid)) as port:
        assert prefix.tries(port) == "refused"


def test_the_bottle_is_what_the_source_makes(tmp_path: Path, formula: Path) -> None:
    """Every file of the bottle is made by the source too, byte for byte and with the same mode."""

    def listing(way: str) -> dict[str, tuple[int, bytes]]:
        prefix = Prefix(tmp_path / way)
        prefix.brew(way, formula)
        keg = prefix.path / "Cellar/acme-ca-certs/1"
        files = [path for path in keg.rglob("*") if path.is_file()]
        return {str(path.relative_to(keg)): (path.stat().st_mode, path.read_bytes()) for path in files}

    poured, installed = listing("pour"), listing("install")
    # Homebrew writes these two itself when it builds from source.
    own = {".brew/acme-ca-certs.rb", "INSTALL_RECEIPT.json"}
    assert poured.keys() - installed.keys() == own
    assert {path: poured[path] for path in installed} == installed


def test_an_upgrade_is_the_new_bundle(
    prefix: Prefix,
    formula: Path,
    build: Callable[..., Path],
    stranger: Authority,
    port: int,
    stranger_port: int,
) -> None:
    """An upgrade links what the new release holds and unlinks what it dropped."""
    prefix.brew("pour", formula)
    prefix.brew("pour", build("acme", stranger, release="2"))
    assert (prefix.tries(port), prefix.tries(stranger_port)) == ("refused", "accepted")


def test_before_openssl_is_there(prefix: Prefix, formula: Path, port: int) -> None:
    """Where openssl@3 has yet to come, the folder is made for it."""
    prefix.certs.rmdir()
    prefix.brew("pour", formula)
    assert prefix.tries(port) == "accepted"


def test_a_reinstallation_changes_nothing(prefix: Prefix, formula: Path) -> None:
    """Names stay as they are, however often the steps run."""
    prefix.brew("pour", formula)
    before = prefix.names()
    prefix.brew("pour", formula)
    prefix.brew("postinstall", formula)
    assert prefix.names() == before
    assert len(before) == 2


def test_two_cas_of_one_name(
    prefix: Prefix,
    build: Callable[..., Path],
    acme: Authority,
    renewed: Authority,
    port: int,
    renewed_port: int,
) -> None:
    """A CA renewed with another key has its predecessor's name: both are found."""
    prefix.brew("pour", build("acme", acme, renewed))
    assert (prefix.tries(port), prefix.tries(renewed_port)) == ("accepted", "accepted")


def test_the_names_are_those_of_openssl_rehash(
    prefix: Prefix,
    build: Callable[..., Path],
    acme: Authority,
    renewed: Authority,
    stranger: Authority,
) -> None:
    """The links have the names that OpenSSL's own program would have made."""
    prefix.brew("pour", build("acme", acme, renewed, stranger))
    before = prefix.names()
    prefix.rehash()
    assert prefix.names() == before


def test_a_name_that_is_taken_stays_with_its_owner(
    prefix: Prefix, formula: Path, renewed: Authority, port: int, renewed_port: int
) -> None:
    """The user's own certificate keeps its name and stays trusted, while installed and after."""
    (prefix.certs / "mine.pem").write_bytes(renewed.pem)
    prefix.rehash()
    (own,) = prefix.certs.glob("*.0")
    prefix.brew("pour", formula)
    assert own.readlink() == Path("mine.pem")
    assert (prefix.tries(port), prefix.tries(renewed_port)) == ("accepted", "accepted")
    prefix.brew("uninstall", formula)
    assert (prefix.tries(port), prefix.tries(renewed_port)) == ("refused", "accepted")
    assert prefix.names() == sorted(["mine.pem", own.name])


def test_a_users_own_rehash_keeps_it(prefix: Prefix, formula: Path, stranger: Authority, port: int) -> None:
    """After the user adds a certificate and rehashes, Acme is trusted still, until it is uninstalled."""
    prefix.brew("pour", formula)
    (prefix.certs / "mine.pem").write_bytes(stranger.pem)
    prefix.rehash()
    assert prefix.tries(port) == "accepted"
    prefix.brew("uninstall", formula)
    assert prefix.tries(port) == "refused"


def test_regenerating_the_public_roots_keeps_it(prefix: Prefix, formula: Path, port: int) -> None:
    """ca-certificates rewrites cert.pem beside the folder, where this formula has nothing."""
    prefix.brew("pour", formula)
    assert [path.name for path in prefix.certs.parent.iterdir()] == ["certs"]
    (prefix.certs.parent / "cert.pem").write_text("# new\n")
    assert prefix.tries(port) == "accepted"


def test_two_organisations(
    prefix: Prefix, formula: Path, build: Callable[..., Path], acme: Authority, stranger: Authority, port: int
) -> None:
    """Two organisations' formulae live side by side, even if both hold one CA."""
    other = build("globex", stranger, acme)
    prefix.brew("pour", formula)
    prefix.brew("pour", other)
    assert prefix.tries(port) == "accepted"
    prefix.brew("uninstall", other)
    assert prefix.tries(port) == "accepted"
    prefix.brew("uninstall", formula)
    assert prefix.tries(port) == "refused"


def test_postinstall_closes_a_gap(
    prefix: Prefix, formula: Path, build: Callable[..., Path], acme: Authority, port: int
) -> None:
    """Where a formula with the same CA is gone, and its link with it, `brew postinstall` makes another."""
    other = build("globex", acme)
    prefix.brew("pour", formula)
    prefix.brew("pour", other)
    prefix.brew("uninstall", formula)
    (dangling,) = [path for path in prefix.certs.iterdir() if not path.exists()]
    dangling.unlink()
    prefix.brew("postinstall", other)
    assert prefix.tries(port) == "accepted"


def test_an_archive_with_other_bytes_is_refused(
    prefix: Prefix, build: Callable[..., Path], acme: Authority
) -> None:
    """The formula holds the SHA-256 of source and bottle."""
    formula = build("acme", acme)
    for archive in formula.parent.glob("*.tar.gz"):
        archive.write_bytes(archive.read_bytes() + b"\0")
    for way in ("install", "pour"):
        assert "SHA-256 mismatch" in prefix.attempt(way, formula).stderr


def test_urls_with_and_without_a_site(
    prefix: Prefix, formula: Path, build: Callable[..., Path], acme: Authority
) -> None:
    """Archives come from the configured site, or from beside the formula."""
    beside = json.loads(prefix.brew("info", formula))
    assert beside["url"] == f"file://{formula.parent}/acme-ca-certs-1.tar.gz"
    assert beside["bottle"]["root_url"] == f"file://{formula.parent}"
    facts = json.loads(prefix.brew("info", build("acme", acme, site="https://pki.acme.example/brew")))
    assert facts["url"] == "https://pki.acme.example/brew/acme-ca-certs-1.tar.gz"
    assert facts["bottle"]["root_url"] == "https://pki.acme.example/brew"


def test_the_keychain_is_left_to_an_administrator(prefix: Prefix, formula: Path) -> None:
    """On macOS the caveats show the command for the keychain; nothing in the package runs it."""
    linux = json.loads(prefix.brew("info", formula))
    mac = json.loads(prefix.brew("info", formula, HARNESS_MAC="1"))
    command = "security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain"
    assert "add-trusted-cert" not in linux["caveats"]
    assert command in mac["caveats"]
    assert mac["steps"] == linux["steps"]
    assert [step["command"] for step in linux["steps"]] == ["link-anchors"]


def test_ruby_has_no_warning(formula: Path) -> None:
    """Formula and the copy of it in the bottle are clean Ruby."""
    with tarfile.open(next(formula.parent.glob("*.bottle.tar.gz"))) as bottle:
        inner = bottle.extractfile("acme-ca-certs/1/.brew/acme-ca-certs.rb")
        assert inner is not None
        sources = [formula.read_bytes(), inner.read()]
    for source in sources:
        done = subprocess.run([require("ruby"), "-wc"], input=source, capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"Syntax OK\n", b"")
    assert b"bottle do" in sources[0]
    assert b"bottle do" not in sources[1]


def test_shellcheck_has_no_remark(tmp_path: Path, formula: Path) -> None:
    """The one script of the package is clean POSIX sh."""
    with tarfile.open(next(formula.parent.glob("*.bottle.tar.gz"))) as bottle:
        script = bottle.extractfile("acme-ca-certs/1/libexec/link-anchors")
        assert script is not None
        (tmp_path / "link-anchors").write_bytes(script.read())
    subprocess.run([require("shellcheck"), "--shell=sh", str(tmp_path / "link-anchors")], check=True)
