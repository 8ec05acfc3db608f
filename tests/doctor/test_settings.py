"""Settings that name roots, where the doctor must not pass any over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doctor.machine import Machine, state

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority


def test_each_variable_of_a_unit_counts(tmp_path: Path, acme: Authority) -> None:
    """Several in one line, quoted or not, and those of a file that the unit names."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (tmp_path / "etc/app").mkdir()
    (tmp_path / "ours.pem").write_bytes(acme.pem)
    (tmp_path / "etc/app/env").write_text("# SSL_CERT_DIR=/gone\nAWS_CA_BUNDLE=/gone\n")
    (units / "a.service").write_text(
        '[Service]\nEnvironment="A=b c" "REQUESTS_CA_BUNDLE=/gone" SSL_CERT_FILE=/ours.pem\n'
        "EnvironmentFile=-/etc/app/env\nExecStart=/x SSL_CERT_DIR=/gone\n"
    )
    found = {row["what"]: row["problem"] or state(row) for row in Machine(str(tmp_path)).rows("unit", acme)}
    assert found == {
        "REQUESTS_CA_BUNDLE": "names a path where nothing is: /gone",
        "AWS_CA_BUNDLE": "names a path where nothing is: /gone",
        "SSL_CERT_FILE": "valid",
    }
