"""The `approvals` section: who is an approver, and what is refused with file and line."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from builder import config
from builder.errors import ConfigError, PrivateKeyError
from builder.lifecycle import approvers
from builder.lifecycle.approvers import Approvers
from tests.approvers import person

ALICE, BOB = person("alice").public, person("bob").public
SHORT = (
    rsa.generate_private_key(65537, 1024)  # noqa: S505  it is to be refused
    .public_key()
    .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    .decode()
)
HEAD = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\napprovals:\n  needed: "


def read(folder: Path, needed: str, *members: str) -> Approvers:
    """Return what a configuration says."""
    file = folder / "trustpack.yaml"
    lines = "".join(f"    {line}\n" for line in members)
    file.write_text(f"{HEAD}{needed}\n  approvers:\n{lines}", "utf-8")
    found, document = config.read_with_lines(file)
    assert found.approvals
    return approvers.read(found.approvals, document.where, folder)


def test_a_key_stands_in_the_configuration_or_beside_it(tmp_path: Path) -> None:
    """With a comment or without, and by the same fingerprint."""
    (tmp_path / "bob.pub").write_text(f"{BOB} bob@acme\n", "utf-8")
    found = read(tmp_path, "2", f"alice: {ALICE} alice@laptop", "bob: bob.pub")
    assert [(one.name, one.kind) for one in found.members] == [("alice", "ssh"), ("bob", "ssh")]
    assert (found.needed, found.distrust) == (2, 2)
    assert found.members[0].fingerprint.startswith("SHA256:")


@pytest.mark.parametrize(
    ("needed", "members", "line", "said"),
    [
        ("3", (f"alice: {ALICE}", f"bob: {BOB}"), 4, "3 of 2 approvers can never sign"),
        ("0", (f"alice: {ALICE}",), 4, "approvals.needed: '0' is not allowed"),
        ("two", (f"alice: {ALICE}",), 4, "approvals.needed: 'two' is not allowed"),
        ("1", (), 5, "approvals.approvers: expected keys and values, found text"),
        ("1\n  distrust: 2", (f"alice: {ALICE}", f"bob: {BOB}"), 5, "is more than needed, which is 1"),
        ("1", (f"alice: {ALICE}", f"bob: {ALICE} other"), 7, "bob: has the same key as alice"),
        ("1", (f"alice: {ALICE}", f"Alice: {BOB}"), 6, "alice: is the same name as Alice"),
        ("1", (f"alice: {SHORT}",), 6, "is an RSA key of 1024 bits, and 2048 is the least"),
        ("1", (f"alice: {ALICE[:-4]}",), 6, "alice: is cut off"),
        ("1", ("alice: ssh-dss AAAA",), 6, "is of the kind ssh-dss"),
        ("1", ("alice: alice.pub",), 6, "'alice.pub' cannot be read: No such file"),
        ("1", (f'"a\\nb": {ALICE}',), 6, "is no name of an approver"),
        ("1", ("alice: ''",), 6, "approvals.approvers.alice: must not be empty"),
        ("1", ("alice: |", "  -----BEGIN PGP PUBLIC KEY BLOCK-----"), 6, "is not one armored block"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, needed: str, members: tuple[str, ...], line: int, said: str
) -> None:
    """By file and line, and by what is wrong."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, needed, *members)
    assert str(caught.value).startswith(f"{tmp_path}/trustpack.yaml:{line}: ")
    assert said in str(caught.value)


def test_a_file_of_several_keys_names_nobody(tmp_path: Path) -> None:
    """As authorized_keys has them."""
    (tmp_path / "keys.pub").write_text(f"{ALICE}\n{BOB}\n", "utf-8")
    with pytest.raises(ConfigError, match="holds several keys"):
        read(tmp_path, "1", "alice: keys.pub")


def test_a_private_key_is_refused_by_file_and_line(tmp_path: Path) -> None:
    """And nothing of it is shown."""
    form = serialization.PrivateFormat.OpenSSH
    private = (
        person("alice")
        .private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        .decode()
    )
    (tmp_path / "alice").write_text(private, "utf-8")
    with pytest.raises(PrivateKeyError, match="alice:1: holds a private key"):
        read(tmp_path, "1", "alice: alice")
    inline = private.strip().replace("\n", "\n      ")
    with pytest.raises(PrivateKeyError):
        read(tmp_path, "1", f"alice: |\n      {inline}")
