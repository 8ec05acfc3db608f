"""The folder of a site's keys: made, read, and refused where it is open or not what it says."""

from pathlib import Path

import pytest

from builder.errors import SignatureError
from builder.signing import site_keys
from builder.signing.private_file import Passwords
from tests import site_keys as made

PASSWORD = "correct horse"  # noqa: S105  of keys that nobody uses


def test_a_new_folder_signs_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    """The current keys sign; the next ones are published beside them."""
    keys = made.folder(tmp_path / "keys")
    modes = {path.name: path.stat().st_mode & 0o777 for path in keys.iterdir()}
    private = {f"{number}-{kind}.pem" for number in (1, 2) for kind in ("openpgp", "apk", "statement")}
    assert 0o700 == keys.stat().st_mode & 0o777
    assert dict.fromkeys(private, 0o600) == {name: modes[name] for name in private}
    assert "*" == (keys / ".gitignore").read_text().splitlines()[-1]
    ring = site_keys.read(keys, organisation="acme")
    assert (1, 1, 2) == (len(ring.openpgp), len(ring.apk_signers), len(ring.published))
    assert next(iter(ring.apk_keys)) == ring.apk_signers[0].name
    assert ring.certificate == site_keys.read_public(keys).certificate


def test_the_next_private_keys_are_not_needed(tmp_path: Path) -> None:
    """They can lie elsewhere until they are to sign."""
    keys = made.folder(tmp_path / "keys")
    before = site_keys.read(keys).certificate
    for path in keys.glob("2-*.pem"):
        path.unlink()
    assert before == site_keys.read(keys).certificate


def test_public_keys_alone_may_be_where_anybody_reads(tmp_path: Path) -> None:
    """As git checks them out, where a site is only verified; but nobody else may put keys there."""
    keys = made.folder(tmp_path / "keys")
    for path in keys.glob("*.pem"):
        path.unlink()
    keys.chmod(0o755)
    assert 2 == len(site_keys.read_public(keys).certificates)
    keys.chmod(0o775)
    with pytest.raises(SignatureError, match="others may enter it: its mode is 0775"):
        site_keys.read_public(keys)


def test_encrypted_keys_open_with_one_of_the_passwords(tmp_path: Path) -> None:
    """Or with what is entered; without one they stay shut, and what is public can be read."""
    keys = made.folder(tmp_path / "keys", password=PASSWORD)
    site_keys.read(keys, passwords=Passwords(("wrong", PASSWORD)))
    site_keys.read(keys, passwords=Passwords(ask=lambda path: PASSWORD if "1-" in path else ""))
    site_keys.read_public(keys)
    with pytest.raises(SignatureError, match="is encrypted, and no password was given"):
        site_keys.read(keys)
    with pytest.raises(SignatureError, match="its password is wrong"):
        site_keys.read(keys, passwords=Passwords(("wrong",)))


def test_keys_of_somebody_else_are_refused(tmp_path: Path) -> None:
    """By their organisation."""
    with pytest.raises(SignatureError, match="holds the keys of 'acme', not of 'other'"):
        site_keys.read(made.folder(tmp_path / "keys"), organisation="other")


def test_no_key_is_made_where_one_is(tmp_path: Path) -> None:
    """The folder stays as it was."""
    keys = made.folder(tmp_path / "keys")
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    with pytest.raises(SignatureError, match="is there already"):
        made.folder(tmp_path / "keys")
    assert before == {path.name: path.read_bytes() for path in keys.iterdir()}
    assert [keys] == list(tmp_path.iterdir())
