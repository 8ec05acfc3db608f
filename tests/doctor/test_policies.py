"""Browsers' policies, engines' folders, snaps and flatpaks, as packages and documentation lay them out."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests import releases
from tests.doctor.machine import Machine, state
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.prove.authority import Authority

_MANAGED = "etc/chromium/policies/managed"
_MODULE = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-trust.so"


def _put(root: Path, path: str, content: str | bytes = b"") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def _base64(ca: Authority) -> str:
    return base64.b64encode(ca.certificate.public_bytes(Encoding.DER)).decode("ascii")


def _policy(root: Path, name: str, **policies: Any) -> None:
    _put(root, f"{_MANAGED}/{name}.json", json.dumps(policies))


def _unpack(root: Path, slug: str, ca: Authority, distrusted: tuple[Authority, ...] = ()) -> None:
    [deb] = releases.build(
        root / slug, slug, [ca], target="browsers-deb", release="2026.1", distrusted=distrusted
    )
    subprocess.run([require("dpkg-deb"), "-x", str(deb), str(root)], check=True)


@pytest.fixture
def chromium(tmp_path: Path) -> Machine:
    """Make a machine with Chromium on Debian."""
    _put(tmp_path, "usr/bin/chromium")
    _put(tmp_path, "etc/os-release", "ID=debian\n")
    return Machine(str(tmp_path))


def test_our_browsers_package_makes_chromium_trust(
    tmp_path: Path, chromium: Machine, acme: Authority, other: Authority
) -> None:
    """Without a policy the CA is missing, with our package valid, with two organisations' both are."""
    row = chromium.row("browser", "Chromium", acme)
    assert (state(row), row["effective"], row["mend"]) == ("missing", True, "apt install acme-ca-browsers")
    _unpack(tmp_path, "acme", acme)
    assert state(chromium.row("browser", "Chromium", acme)) == "valid"
    _unpack(tmp_path, "globex", other)
    assert state(chromium.row("browser", "Chromium", acme)) == "valid"
    assert state(chromium.row("browser", "Chromium", other)) == "valid"


def test_a_browser_that_is_not_there_is_not_said_to_trust(tmp_path: Path, acme: Authority) -> None:
    """Policies for Chrome and Edge lie there without them: whether a client reads them cannot be told."""
    _unpack(tmp_path, "acme", acme)
    rows = Machine(str(tmp_path)).rows("browser", acme)
    assert {(row["what"], row["effective"], state(row)) for row in rows} == {
        (name, None, "valid") for name in ("Chromium", "Chrome", "Edge")
    }


def test_a_later_file_hides_an_earlier_one(
    tmp_path: Path, chromium: Machine, acme: Authority, other: Authority
) -> None:
    """Two files with one key do not merge: the later name wins, unless a file says that they do."""
    _policy(tmp_path, "aaa", CACertificates=[_base64(acme)])
    _policy(tmp_path, "zzz", CACertificates=[_base64(other)])
    policy, hidden = chromium.rows("browser", acme)
    assert (state(policy), policy["effective"]) == ("missing", True)
    assert (state(hidden), hidden["effective"]) == ("valid", False)
    assert hidden["shadowed_by"].startswith("/etc/chromium/policies/managed/zzz.json")
    _policy(tmp_path, "mmm", CACertificates=[], PolicyListMultipleSourceMergeList=["CACertificates"])
    [policy] = chromium.rows("browser", acme)
    assert state(policy) == "valid"


def test_a_policy_that_distrusts_wins(tmp_path: Path, chromium: Machine, acme: Authority) -> None:
    """CADistrustedCertificates beats CACertificates, and trust for some domains is said to be that."""
    _policy(tmp_path, "a", CACertificatesWithConstraints=[{"certificate": _base64(acme), "constraints": {}}])
    row = chromium.row("browser", "Chromium", acme)
    assert (state(row), row["note"]) == ("valid", "some for certain domains only")
    _policy(tmp_path, "b", CADistrustedCertificates=[_base64(acme)])
    assert state(chromium.row("browser", "Chromium", acme)) == "missing"


@pytest.mark.parametrize("text", ["{", "[]", '{"CACertificates": ["!"]}', "[" * 100_000, "\0"])
def test_a_policy_that_cannot_be_read_is_a_problem(
    tmp_path: Path, chromium: Machine, acme: Authority, text: str
) -> None:
    """Chromium would ignore it, and so the doctor says that it is there."""
    _put(tmp_path, f"{_MANAGED}/x.json", text)
    assert any(row["problem"] for row in chromium.rows("browser", acme))


_FIREFOX: Mapping[str, tuple[Any, str]] = {
    "nothing": (None, "no policy with SecurityDevices or Certificates"),
    "others": ({"DisableTelemetry": True}, "neither SecurityDevices nor Certificates"),
    "module": ({"SecurityDevices": {"Add": {"System trust": _MODULE}}}, ""),
    "old form": ({"SecurityDevices": {"System trust": _MODULE}}, ""),
    "module that is gone": ({"SecurityDevices": {"Add": {"x": "/gone/p11-kit-trust.so"}}}, "is not there"),
    "certificates": ({"Certificates": {"Install": ["acme.pem", "/etc/acme.pem"]}}, ""),
}


@pytest.mark.parametrize("case", _FIREFOX)
def test_a_firefox_that_follows_nobody_is_a_problem(tmp_path: Path, acme: Authority, case: str) -> None:
    """It trusts its built-in roots alone; with p11-kit's module it follows the store."""
    policies, problem = _FIREFOX[case]
    _put(tmp_path, "usr/lib/firefox-esr/firefox-esr")
    _put(tmp_path, _MODULE[1:])
    _put(tmp_path, "usr/lib/mozilla/certificates/acme.pem", acme.pem)
    _put(tmp_path, "etc/acme.pem", acme.pem)
    _put(tmp_path, "etc/os-release", "ID=debian\n")
    if policies is not None:
        _put(tmp_path, "etc/firefox/policies/policies.json", json.dumps({"policies": policies}))
    row = Machine(str(tmp_path)).row("browser", "Firefox", acme)
    assert problem in row["problem"]
    assert bool(problem) is bool(row["problem"])
    assert bool(row["mend"]) is (case in {"nothing", "others"})
    if case == "certificates":
        assert state(row) == "valid"


def test_a_policy_in_etc_hides_that_of_an_installation(tmp_path: Path, acme: Authority) -> None:
    """With any file in /etc/firefox the one beside the program is ignored whole."""
    said = json.dumps({"policies": {"SecurityDevices": {"Add": {"x": _MODULE}}}})
    _put(tmp_path, "usr/lib/firefox/firefox")
    _put(tmp_path, _MODULE[1:])
    _put(tmp_path, "usr/lib/firefox/distribution/policies.json", said)
    machine = Machine(str(tmp_path))
    assert [(row["effective"], row["problem"]) for row in machine.rows("browser", acme)] == [(True, "")]
    _put(tmp_path, "etc/firefox/policies/policies.json", '{"policies": {}}')
    assert [row["effective"] for row in machine.rows("browser", acme)] == [True, False]
    assert machine.rows("browser", acme)[0]["problem"]


def test_registries_roots_and_unverified_registries(
    tmp_path: Path, acme: Authority, other: Authority
) -> None:
    """Folders of Docker, Podman and containerd, laid out as their documentation says."""
    _put(tmp_path, "etc/docker/certs.d/hub.example:5000/ca.crt", acme.pem)
    _put(tmp_path, "etc/docker/certs.d/hub.example:5000/client.cert", other.pem)
    _put(tmp_path, "home/ann/.config/containers/certs.d/quay.example/own.crt", other.pem)
    _put(
        tmp_path,
        "etc/containerd/certs.d/hub.example/hosts.toml",
        'server = "x"\n[host."x"]\n  ca = "ca.pem"\n',
    )
    _put(tmp_path, "etc/containerd/certs.d/hub.example/ca.pem", acme.pem)
    _put(
        tmp_path, "etc/containerd/certs.d/two.example/hosts.toml", 'ca = ["/etc/a.pem"]\nskip_verify = true\n'
    )
    _put(tmp_path, "etc/docker/daemon.json", '{"insecure-registries": ["10.0.0.0/8", "127.0.0.0/8"]}')
    registries = (
        '[[registry]]\nlocation = "a.example"\n[[registry]]\nlocation = "b.example"\ninsecure = true\n'
    )
    _put(tmp_path, "etc/containers/registries.conf", registries)
    rows = Machine(str(tmp_path)).rows("containers", acme)
    assert {(row["what"], state(row) if row["states"] else "", row["problem"]) for row in rows} == {
        ("Docker, Podman for hub.example:5000", "valid", ""),
        ("Podman for quay.example", "absent", ""),
        ("containerd for hub.example", "valid", ""),
        ("containerd for two.example", "absent", "names a file that is not there: /etc/a.pem"),
        ("containerd for two.example", "", "verifies no server: skip_verify = true"),
        ("Docker's daemon", "", "verifies no server: insecure-registries: 10.0.0.0/8"),
        ("Podman for b.example", "", "verifies no server: insecure = true"),
    }
    assert {row["user"] for row in rows} == {"", "ann"}


def test_snaps_and_flatpaks(tmp_path: Path, acme: Authority, other: Authority) -> None:
    """A snap's base is not what its programs see; a flatpak's runtime is what some of them read."""
    _put(tmp_path, "snap/core22/123/etc/ssl/certs/ca-certificates.crt", other.pem)
    (tmp_path / "snap/core22/current").symlink_to("123")
    _put(tmp_path, "var/lib/snapd/ssl/store-certs/cert1.pem", acme.pem)
    runtime = "var/lib/flatpak/runtime/org.freedesktop.Platform/x86_64/24.08"
    _put(tmp_path, f"{runtime}/abc/files/etc/ssl/certs/ca-certificates.crt", other.pem)
    (tmp_path / runtime / "active").symlink_to("abc")
    machine = Machine(str(tmp_path))
    base = machine.row("snap", "core22", acme)
    assert (base["effective"], state(base)) == (False, "missing")
    assert state(machine.row("snap", "snapd", acme)) == "valid"
    row = machine.row("flatpak", "org.freedesktop.Platform 24.08", acme)
    assert (row["effective"], state(row)) == (None, "missing")
