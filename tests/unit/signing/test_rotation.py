"""Keys are replaced by ones that clients have known for long."""

import json
from pathlib import Path

import pytest

from builder.errors import SignatureError
from builder.signing import checking, dsse, key_folder, rotation, site_keys
from builder.signing.private_file import Passwords
from builder.signing.rotation import Rotation
from tests import site_keys as made

DAY = 86_400
START = made.CREATED
PASSWORD = "correct horse"  # noqa: S105  of keys that nobody uses


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Make a folder of throw-away keys: generations 1 and 2."""
    return made.folder(tmp_path / "keys")


def given(number: int, days: int) -> Rotation:
    """Return what makes generation `number` the next, so many days after the start."""
    return Rotation(time=START + days * DAY, pair=made.pair(number))


def roles(folder: Path) -> list[str]:
    """Return what each generation is, the oldest first."""
    return [one.state for one in key_folder.read(folder).file.generations]


def test_both_keys_sign_until_a_rotation_is_finished(keys: Path) -> None:
    """The new one first; clients that have one of the two take it, and everybody has had the new one."""
    before = site_keys.read(keys)
    following = list(before.certificates)[1]
    rotation.begin(keys, given(3, 100))
    ring = site_keys.read(keys)
    assert ["retiring", "current", "next"] == roles(keys)
    assert (following, before.signer) == tuple(list(ring.certificates)[:2])
    assert following == ring.signer
    text = ring.clear("text\n", time=START + 101 * DAY)
    assert "text\n" == before.opened(text)
    assert 2 == len(ring.openpgp)
    with pytest.raises(SignatureError, match="a rotation is under way"):
        rotation.begin(keys, given(4, 101))
    rotation.finish(keys, time=START + 160 * DAY)
    assert ["retired", "current", "next"] == roles(keys)
    after = site_keys.read(keys)
    assert before.signer not in after.certificates
    assert [following] == [after.signer][: len(after.openpgp)]
    assert [] == list(keys.glob("1-*.pem"))
    with pytest.raises(SignatureError, match="no rotation is under way"):
        rotation.finish(keys, time=START + 160 * DAY)


def test_what_was_signed_before_a_rotation_is_still_the_sites_own(keys: Path) -> None:
    """But not what a stolen key has signed."""
    text = site_keys.read(keys).clear("text\n", time=START)
    rotation.begin(keys, given(3, 100))
    rotation.finish(keys, time=START + 160 * DAY)
    assert "text\n" == site_keys.read(keys).opened(text)
    text = site_keys.read(keys).clear("text\n", time=START)
    rotation.replace(keys, given(4, 200), stolen=True)
    assert ["retired", "withdrawn", "current", "next"] == roles(keys)
    with pytest.raises(SignatureError, match="signed by none of the keys"):
        site_keys.read(keys).opened(text)


def test_lost_keys_are_replaced_by_the_next_ones_at_once(keys: Path) -> None:
    """What they have signed is still the site's own."""
    text = site_keys.read(keys).clear("text\n", time=START)
    (keys / "1-openpgp.pem").unlink()
    with pytest.raises(SignatureError, match="No such file"):
        site_keys.read(keys)
    rotation.replace(keys, given(3, 100), stolen=False)
    assert ["retired", "current", "next"] == roles(keys)
    assert "text\n" == site_keys.read(keys).opened(text)


def test_keys_that_hosts_may_not_know_yet_are_told(keys: Path) -> None:
    """Those that were made with the first ones are known wherever the site is."""
    assert 0 == rotation.young(rotation.begin(keys, given(3, 1)), time=START + DAY)
    rotation.finish(keys, time=START + 2 * DAY)
    assert 4 == rotation.young(rotation.begin(keys, given(4, 5)), time=START + 5 * DAY)
    assert 0 == rotation.young(key_folder.read(keys), time=START + 31 * DAY)


def test_keys_that_lie_elsewhere_are_brought_back_before_they_sign(keys: Path, tmp_path: Path) -> None:
    """Without them nothing is changed."""
    before = (keys / "keys.json").read_bytes()
    (keys / "2-apk.pem").rename(tmp_path / "2-apk.pem")
    with pytest.raises(SignatureError, match=r"2-apk\.pem: is not here") as caught:
        rotation.begin(keys, given(3, 100))
    assert (
        "bring 2-openpgp.pem, 2-apk.pem, 2-statement.pem back from where they are kept" == caught.value.hint
    )
    assert before == (keys / "keys.json").read_bytes()
    (tmp_path / "2-apk.pem").rename(keys / "2-apk.pem")
    rotation.begin(keys, given(3, 100))


def test_next_keys_that_were_lost_are_replaced(keys: Path) -> None:
    """The current ones go on signing."""
    before = site_keys.read(keys)
    rotation.replace_next(keys, given(3, 100))
    after = site_keys.read(keys)
    assert ["current", "withdrawn", "next"] == roles(keys)
    assert before.signer == after.signer
    assert set(before.certificates) & set(after.certificates) == {before.signer}


def test_a_rotation_that_was_killed_is_begun_again(keys: Path) -> None:
    """Files of keys that it has left are not written over."""
    (keys / "3-openpgp.pem").write_text("left\n")
    rotation.begin(keys, given(3, 100))
    assert "left\n" == (keys / "3-openpgp.pem").read_text()
    assert 4 == key_folder.read(keys).file.generations[-1].number


def test_an_encrypted_folder_is_rotated_with_its_password(tmp_path: Path) -> None:
    """The new keys are encrypted, too."""
    keys = made.folder(tmp_path / "keys", password=PASSWORD)
    with pytest.raises(SignatureError, match="is encrypted"):
        rotation.begin(keys, given(3, 100))
    passwords = Passwords((PASSWORD,))
    rotation.begin(keys, Rotation(time=START, pair=made.pair(3), passwords=passwords, password=PASSWORD))
    assert b"ENCRYPTED" in (keys / "3-openpgp.pem").read_bytes()
    site_keys.read(keys, passwords=passwords)


def _older(keys: Path) -> None:
    """Make a folder of keys one that was made before there was a key for statements."""
    file = json.loads((keys / "keys.json").read_text())
    for one in file["generations"]:
        del one["statement_sha256"]
    (keys / "keys.json").write_text(json.dumps(file))
    for path in (*keys.glob("*.statement.pub"), *keys.glob("*-statement.pem")):
        path.unlink()


def test_a_folder_that_was_made_before_there_were_statements_is_completed(keys: Path) -> None:
    """It signs all else as before; what a killed run has left is in nobody's way."""
    _older(keys)
    before = site_keys.read(keys)
    assert ((), {}) == (before.statement_signers, before.statement_keys)
    with pytest.raises(SignatureError, match="have none for statements") as caught:
        before.seal(b"text")
    assert "'trustpack keys complete' makes it" in caught.value.hint
    assert "has no key for statements" in [one.message for one in checking.check(keys, time=START)]
    (keys / "1-statement.pem").write_text("left\n")
    found = rotation.complete(keys, Rotation(time=START))
    assert 0o600 == (keys / "2-statement.pem").stat().st_mode & 0o777
    after = site_keys.read(keys)
    assert b"text" == dsse.opened(after.seal(b"text"), dsse.known(after.statement_keys.values()), "it")
    assert [*after.statement_keys] == [found.statement_file(one) for one in found.in_state("current", "next")]
    assert (before.certificate, before.apk_keys) == (after.certificate, after.apk_keys)
    assert found == rotation.complete(keys, Rotation(time=START))


def test_an_older_folder_is_rotated_as_it_is(keys: Path) -> None:
    """Its new next keys have one for statements."""
    _older(keys)
    rotation.begin(keys, given(3, 100))
    rotation.finish(keys, time=START + 160 * DAY)
    assert [False, False, True] == [
        bool(one.statement_sha256) for one in key_folder.read(keys).file.generations
    ]


def test_an_encrypted_folder_is_completed_with_its_password(tmp_path: Path) -> None:
    """The new key is as private as the others."""
    keys = made.folder(tmp_path / "keys", password=PASSWORD)
    _older(keys)
    rotation.complete(keys, Rotation(time=START, password=PASSWORD))
    assert b"ENCRYPTED" in (keys / "1-statement.pem").read_bytes()
    assert site_keys.read(keys, passwords=Passwords((PASSWORD,))).seal(b"text")


def test_nothing_shows_a_password() -> None:
    """What a debugger or a report of a fault prints of it is read by others."""
    assert PASSWORD not in repr(Rotation(time=START, password=PASSWORD, passwords=Passwords((PASSWORD,))))
