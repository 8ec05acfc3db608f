"""Real bundles: no false rejects, exact counts, and every client loads just what we say."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from builder.errors import BundleError
from builder.lint import Policy, lint, refuse
from builder.load import load
from builder.model import Severity
from tests.lint import bundles, forge
from tests.lint.forge import NOW
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.model import Bundle, Finding


def _lint(path: Path, **choices: str) -> tuple[Bundle, tuple[Finding, ...]]:
    loading = load([path])
    bundle, findings = lint(loading.certificates, now=NOW, policy=Policy(**choices))  # type: ignore[arg-type]
    return bundle, loading.findings + findings


def _rules(findings: tuple[Finding, ...], severity: Severity) -> Counter[str]:
    return Counter(finding.rule for finding in findings if finding.severity is severity)


def test_rds_is_refused_with_every_error_listed() -> None:
    """The 28 expired and 22 intermediate certificates of Amazon RDS are all named in one error."""
    bundle, findings = _lint(bundles.rds())

    with pytest.raises(BundleError) as caught:
        refuse(findings)

    assert len(bundle.certificates) == 115
    assert _rules(findings, Severity.ERROR) == {"expired": 28, "intermediate": 22}
    assert len(str(caught.value).splitlines()) == 51
    assert "bundle.expired: drop" in caught.value.hint
    assert "--intermediates drop" in caught.value.hint


@pytest.mark.parametrize(
    ("expired", "intermediates", "count", "errors"),
    [
        ("drop", "drop", 87, {}),
        ("drop", "keep", 87, {}),
        ("keep", "drop", 93, {}),
        ("keep", "keep", 115, {}),
        ("drop", "refuse", 87, {"intermediate": 22}),
        ("refuse", "drop", 93, {"expired": 28}),
    ],
)
def test_rds_counts(expired: str, intermediates: str, count: int, errors: dict[str, int]) -> None:
    """Dropping and keeping expired and intermediate certificates leaves exactly as many as there are."""
    bundle, findings = _lint(bundles.rds(), expired=expired, intermediates=intermediates)

    assert count == len(bundle.certificates)
    assert errors == _rules(findings, Severity.ERROR)


def test_certifi_has_no_error_where_public_roots_are_kept() -> None:
    """None of certifi's 117 roots is rejected when public roots are allowed; all are when they are not."""
    kept, findings = _lint(bundles.certifi(), public_roots="keep")
    _, refused = _lint(bundles.certifi())

    assert len(kept.certificates) == 117
    assert Counter() == _rules(findings, Severity.ERROR)
    assert _rules(refused, Severity.ERROR)["public-root"] == 117


def _bundles(folder: Path) -> dict[str, tuple[Path, int]]:
    """Return canonical bundles of all kinds, and how many certificates each holds."""
    keys = [
        forge.elliptic(),
        forge.elliptic(7, ec.SECP384R1(), "SHA384"),
        forge.elliptic(7, ec.SECP521R1(), "SHA512"),
        forge.edwards(),
        forge.rsa_key(2048),
        forge.rsa_key(4096),
    ]
    roots = [
        forge.certificate(key, subject=forge.name(f"Throw-Away Root {number} ☃"))
        for number, key in enumerate(keys)
    ]
    made = folder / "made.pem"
    # Everything lax that the scanner normalises: CR LF, indentation, text, joined markers, no last newline.
    lax = b"\xef\xbb\xbf# roots\r\n" + b"\r\n".join(
        forge.pem(root).replace(b"\n", b"\r\n  ") for root in roots
    )
    made.write_bytes(lax.rstrip())
    inputs = {"made": made, "rds": bundles.rds(), "certifi": bundles.certifi()}
    result = {}
    for name, path in inputs.items():
        bundle, findings = _lint(path, expired="drop", intermediates="drop", public_roots="keep")
        refuse(findings)
        canonical = folder / f"{name}-canonical.pem"
        canonical.write_text(bundle.pem)
        result[name] = (canonical, len(bundle.certificates))
    return result


_COUNT_PYTHON = """
import ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[1])
print(len(context.get_ca_certs()))
"""
_SECURE = "require('tls').createSecureContext()"
_COUNT_NODE = """
const { X509Certificate } = require("node:crypto");
const text = require("node:fs").readFileSync(process.argv[1], "utf8");
const blocks = text.match(/-----BEGIN[^]+?-----END[^\\n]+/g);
require("node:tls").createSecureContext({ ca: blocks });
console.log(new Set(blocks.map((block) => new X509Certificate(block).fingerprint256)).size);
"""


def _run(*command: str, home: Path) -> str:
    clean = ["env", "-i", f"HOME={home}", f"PATH={os.environ['PATH']}", *command]
    return subprocess.run(clean, check=True, capture_output=True, text=True).stdout


def test_clients_load_exactly_the_certificates_we_say(tmp_path: Path) -> None:
    """OpenSSL, Python's ssl, Node and keytool each load exactly the certificates of an accepted bundle."""
    for path, count in _bundles(tmp_path).values():
        text = _run(require("openssl"), "storeutl", "-noout", "-certs", str(path), home=tmp_path)
        assert f"Total found: {count}" in text

        assert (
            str(count) == _run(require("python3.11"), "-c", _COUNT_PYTHON, str(path), home=tmp_path).strip()
        )

        assert str(count) == _run(require("node"), "-e", _COUNT_NODE, str(path), home=tmp_path).strip()

        text = _run(require("keytool"), "-printcert", "-file", str(path), home=tmp_path)
        assert count == text.count("Owner:")


def test_node_takes_every_certificate_as_an_extra_ca(tmp_path: Path) -> None:
    """Node reads a canonical bundle from NODE_EXTRA_CA_CERTS without a warning."""
    for path, _ in _bundles(tmp_path).values():
        command = [
            "env",
            "-i",
            f"NODE_EXTRA_CA_CERTS={path}",
            require("node"),
            "-e",
            "require('tls').createSecureContext()",
        ]

        done = subprocess.run(command, check=True, capture_output=True, text=True)

        assert done.stderr == ""
