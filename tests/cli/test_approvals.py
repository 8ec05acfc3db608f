"""`approvals` from trustpack.yaml to the build: ssh-keygen and gpg sign, git merges, nobody gets around."""

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.tools import require

_ANCHOR = re.compile(r"^anchor: ([0-9a-f]{64})$", re.MULTILINE)


def approvals(*names: str, needed: int = 2, distrust: int = 1) -> str:
    """Return the section of approvers whose public keys are files of their names."""
    keys = "".join(f"    {name}: {name}.pub\n" for name in names)
    return f"approvals:\n  needed: {needed}\n  distrust: {distrust}\n  approvers:\n{keys}"


def configured(world: World, section: str, *, paths: str = "roots.pem", lifecycle: str = "") -> None:
    """Write trustpack.yaml."""
    text = f"organisation: {{slug: acme}}\nbundle: {{paths: [{paths}]}}\ntargets: [pem]\n"
    world.write("trustpack.yaml", text + lifecycle + section)


def keygen(world: World, *names: str) -> None:
    """Make SSH keys without passwords."""
    program = require("ssh-keygen")
    for name in names:
        command = [program, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]
        subprocess.run(command, cwd=world.folder, env=ENVIRONMENT, check=True)


def sign(world: World, *names: str) -> None:
    """Let people approve."""
    for name in names:
        done = world.run("lock", "--sign", name)
        assert (done.code, done.err) == (0, "")


def lock_text(world: World) -> str:
    """Return what stands in the lock."""
    return (world.folder / "trustpack.lock").read_text("utf-8")


def refused(world: World, *arguments: str) -> str:
    """Return why a build is refused."""
    done = world.run("build", "--quiet", *arguments)
    assert done.code == 11, done
    return done.err.splitlines()[0]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, roots: bytes, another: bytes) -> Path:
    """Return the folder of a project that two of three have approved."""
    world = World(tmp_path_factory.mktemp("approved"))
    keygen(world, "alice", "bob", "carol", "mallory")
    (world.folder / "roots.pem").write_bytes(roots)
    (world.folder / "another.pem").write_bytes(another)
    configured(world, approvals("alice", "bob", "carol"))
    assert world.run("lock").code == 0
    sign(world, "alice", "bob")
    return world.folder


@pytest.fixture
def approved(prepared: Path, tmp_path: Path) -> World:
    """Return such a project of a test's own."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return World(tmp_path)


def test_a_build_waits_for_enough_signatures(world: World) -> None:
    """One of two is too few; a stranger's key and a second signature by one do not help."""
    keygen(world, "alice", "bob", "mallory")
    configured(world, approvals("alice", "bob"))
    assert "nobody has been asked to approve it" in refused(world)
    assert world.run("lock").code == 0
    sign(world, "alice")
    sign(world, "alice")
    stranger = world.run("lock", "--sign", "mallory")
    assert (stranger.code, "is no approver's key" in stranger.err) == (12, True)
    (world.folder / "mallory.pub").unlink()
    assert world.run("lock", "--sign", "mallory").code == 12
    assert refused(world).endswith("1 of 2 have approved this first state (alice); missing: 1 of bob")
    assert world.run("lock", "--approved").code == 1
    sign(world, "bob")
    assert world.run("lock", "--approved").code == 0
    assert world.run("build", "--quiet").code == 0
    assert world.run("lock", "--check").code == 0


def test_a_key_that_cannot_sign_is_named_with_the_way_out(approved: World, gnupg: dict[str, str]) -> None:
    """Nobody's, one that others can read, OpenPGP's in a file, one that has expired, an unset variable."""
    (approved.folder / "alice").chmod(0o644)
    approved.write("dave.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    gpg(gnupg, "--faked-system-time", "20260101T000000", "--quick-gen-key", "Dave", "ed25519", "sign", "30d")
    listed = gpg(gnupg, "--with-colons", "--list-keys").split("\n")
    fingerprint = next(line for line in listed if line.startswith("fpr")).split(":")[9]
    for key, code, said, hint in (
        ("mallory", 12, "mallory: is no approver's key: it is SHA256:", "those are alice"),
        ("alice", 7, "ssh-keygen: has not signed: Permissions 0644 for '", "chmod 600 that file"),
        ("dave.asc", 7, "ssh-keygen: has not signed: ", "openpgp:FINGERPRINT"),
        (f"openpgp:{fingerprint}", 7, f"{fingerprint} has expired or is revoked", "--list-secret-keys"),
        ("", 2, "--sign: is empty", "is a variable of the shell not set?"),
    ):
        done = approved.run("lock", "--sign", key, env=gnupg)
        error, advice = done.err.splitlines()
        assert (code, True, True) == (done.code, said in error, hint in advice), done.err


def test_what_is_released_again_is_approved(approved: World) -> None:
    """A new release of the same content leaves the approvals as they are."""
    before = lock_text(approved).partition("approvals:")[2]
    assert approved.run("lock", "--bump").code == 0
    assert before == lock_text(approved).partition("approvals:")[2]
    assert approved.run("build", "--quiet").code == 0


def test_each_change_takes_as_many_as_it_needs(approved: World) -> None:
    """To add takes two, to distrust one, and to remove two again."""
    listed = json.loads(approved.run("lint", "another.pem", "--format", "json").out)
    fingerprint = listed["certificates"][0]["sha256"]
    distrusting = f"lifecycle: {{authorities: {{{fingerprint}: {{state: distrusted}}}}}}\n"
    section, both = approvals("alice", "bob", "carol"), "roots.pem, another.pem"
    for paths, lifecycle, signers, needed in (
        (both, "", ("alice", "carol"), 2),
        (both, distrusting, ("bob",), 1),
        ("roots.pem", "site: https://packages.acme.example\n", ("alice", "bob"), 2),
    ):
        configured(approved, section, paths=paths, lifecycle=lifecycle)
        done = approved.run("lock", "--bump", "--json")
        asked = json.loads(done.out)["approvals"]
        assert (asked["needed"], asked["signed"], asked["approved"]) == (needed, [], False)
        sign(approved, *signers)
        assert approved.run("build", "--quiet").code == 0


def test_who_writes_both_files_cannot_take_the_approvers_place(approved: World) -> None:
    """Other approvers, fewer of them, or none at all, need those who were there before."""
    for section in (approvals("mallory", needed=1), approvals("alice", "bob", "carol", needed=1), ""):
        configured(approved, section)
        assert "says something else" in refused(approved)
        done = approved.run("lock", "--json")
        asked = json.loads(done.out)["approvals"]
        assert (done.code, asked["needed"]) == (0, 2)
        assert {one["name"] for one in asked["missing"]} == {"alice", "bob", "carol"}
        assert "is not approved" in refused(approved)
        assert approved.run("lock", "--sign", "mallory").code == 12
    sign(approved, "carol", "bob")
    assert approved.run("build", "--quiet").code == 0


def test_diff_tells_another_approver_another_number_and_signatures(approved: World) -> None:
    """Who reviews a lock sees them beside the CAs; a lock of before there were approvals has none of them."""
    approved.write("old.lock", lock_text(approved))
    approved.write("plain.lock", lock_text(approved).partition("approvals:\n")[0])
    (approved.folder / "bob.pub").write_text((approved.folder / "mallory.pub").read_text())
    configured(approved, approvals("alice", "bob", needed=1))
    assert approved.run("lock").code == 0
    done = approved.run("diff", "old.lock", "trustpack.lock", "--json")
    parts = json.loads(done.out)["parts"]
    assert (1, {"approver", "approvals"}) == (done.code, parts.keys())
    assert [name.split()[0] for name in parts["approver"]["removed"]] == ["bob", "carol"]
    assert [name.split()[0] for name in parts["approver"]["added"]] == ["bob"]
    assert parts["approvals"] == {"added": ["needed: 1"], "removed": ["needed: 2"], "changed": []}
    told = approved.run("diff", "plain.lock", "old.lock")
    assert (1, True, True) == (
        told.code,
        "+ approver alice (ssh SHA256:" in told.out,
        "+ signature of step 1 by bob\n" in told.out,
    )
    assert approved.run("diff", "old.lock", "old.lock").code == 0


def test_a_release_is_verified_by_an_approved_lock_alone(approved: World) -> None:
    """Who approved it is said; one that too few have signed says nothing of a release."""
    assert approved.run("build", "--quiet").code == 0
    done = approved.run("verify", "dist", "--unsigned", "--lock", "trustpack.lock")
    assert (0, True) == (done.code, "trustpack.lock, approved by alice, bob\n" in done.out)
    approved.write("waiting.lock", re.sub(r'(by: "bob"\s+signature: ).*', r'\1""', lock_text(approved)))
    done = approved.run("verify", "dist", "--unsigned", "--lock", "waiting.lock")
    assert (11, True) == (done.code, "waiting.lock: is not approved: 1 of 2" in done.err)


def test_an_anchor_that_holds_nothing_is_refused(approved: World) -> None:
    """Nobody is to believe that something was compared: with an unset variable, say."""
    approved.write("plain.lock", lock_text(approved).partition("approvals:\n")[0])
    for anchor, said in (("", "--anchor: is empty"), ("plain.lock", "nobody has approved anything")):
        done = approved.run("build", "--anchor", anchor)
        assert (2, True) == (done.code, said in done.err)


def test_an_anchor_tells_a_new_beginning_and_an_older_state(approved: World) -> None:
    """As a digest, in the environment, or as a lock that was kept."""
    first = _ANCHOR.findall(approved.run("lock", "--approved").out)[0]
    older = lock_text(approved)
    approved.write("first.lock", older)
    configured(approved, approvals("alice", "bob", "carol"), paths="roots.pem, another.pem")
    assert approved.run("lock").code == 0
    sign(approved, "alice", "bob")
    newest = _ANCHOR.findall(approved.run("lock", "--approved").out)[0]
    for anchor in (first, newest, "first.lock", "trustpack.lock"):
        assert approved.run("build", "--quiet", "--anchor", anchor).code == 0
    approved.write("released.lock", lock_text(approved))

    configured(approved, approvals("alice", "bob", "carol"))
    approved.write("trustpack.lock", older)
    assert approved.run("build", "--quiet", "--out", "old", "--anchor", first).code == 0
    assert "is none of its own" in refused(approved, "--anchor", newest)
    assert "is none of its own" in refused(approved, "--anchor", "released.lock")
    assert approved.run("build", "--quiet", env={"TRUSTPACK_ANCHOR": newest}).code == 11
    assert approved.run("lock", "--approved", "--anchor", newest).code == 11
    assert approved.run("lock", "--check", "--anchor", first).code == 0
    assert approved.run("lock", "--check", env={"TRUSTPACK_ANCHOR": newest}).code == 11

    for section in ("", approvals("mallory", needed=1)):
        (approved.folder / "trustpack.lock").unlink()
        configured(approved, section)
        assert approved.run("lock").code == 0
        if section:
            # What waits for approval is no anchor's successor, either, and nobody who has one signs it.
            assert approved.run("lock", "--approved", "--anchor", first).code == 11
            assert approved.run("lock", "--sign", "mallory", "--anchor", first).code == 11
            sign(approved, "mallory")
        assert approved.run("build", "--quiet", "--out", "new").code == 0
        assert first in refused(approved, "--out", "new", "--anchor", first)


def test_two_signatures_of_two_branches_are_merged(world: World) -> None:
    """By git, without a conflict, and both count."""
    program = require("git")

    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@acme.example"]
        subprocess.run(
            [program, *identity, *words], cwd=world.folder, env=ENVIRONMENT, check=True, capture_output=True
        )

    keygen(world, "alice", "bob")
    configured(world, approvals("alice", "bob"))
    assert world.run("lock").code == 0
    git("init", "-q", "-b", "main")
    git("add", "trustpack.lock")
    git("commit", "-q", "-m", "lock")
    for name in ("alice", "bob"):
        git("checkout", "-q", "-b", name, "main")
        sign(world, name)
        git("commit", "-q", "-a", "-m", name)
    git("merge", "-q", "-m", "merge", "alice")
    assert world.run("lock", "--approved").code == 0


def test_a_release_says_who_approved_and_is_built_again_from_its_source(approved: World) -> None:
    """The statement names them, and source.tar has their keys, so that nobody needs the files beside it."""
    assert approved.run("build", "--quiet").code == 0
    assert approved.run("attest").code == 0
    dist = approved.folder / "dist"
    statement = next(dist.glob("*.intoto.json")).read_text("utf-8")
    stated = json.loads(statement)["predicate"]["buildDefinition"]["trustpack_approvals"]
    assert [one["name"] for one in stated] == ["alice", "bob"]
    assert all(one["key"].startswith("ssh SHA256:") for one in stated)
    again = approved.folder / "again"
    again.mkdir()
    subprocess.run(["tar", "-xf", str(next(dist.glob("*.source.tar"))), "-C", str(again)], check=True)
    assert World(again).run("build", "--quiet").code == 0
    files = [path.name for path in dist.glob("*.pem")]
    assert [(again / "dist" / name).read_bytes() == (dist / name).read_bytes() for name in files] == [True]


def test_the_agent_signs_for_a_public_key(approved: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whose private half is nowhere beside it."""
    socket = tmp_path_factory.mktemp("a") / "s"
    agent = subprocess.Popen([require("ssh-agent"), "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        environment = {**ENVIRONMENT, "SSH_AUTH_SOCK": str(socket)}
        until = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < until:
            time.sleep(0.01)
        private = approved.folder / "carol"
        subprocess.run([require("ssh-add"), "-q", private], env=environment, check=True, capture_output=True)
        private.unlink()
        assert approved.run("lock", "--sign", "carol.pub").code == 7
        done = approved.run("lock", "--sign", "carol.pub", env=environment)
        assert (done.code, done.out.splitlines()[0].startswith("signed by carol (ssh SHA256:")) == (0, True)
    finally:
        agent.terminate()
        agent.wait()


@pytest.fixture
def gnupg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the environment of an empty home of GnuPG's, and end its agent afterwards."""
    for name in ("gpg", "gpgconf", "gpgv"):
        require(name)
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    environment = {**ENVIRONMENT, "GNUPGHOME": str(home)}
    yield environment
    subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=True, capture_output=True)


def gpg(environment: dict[str, str], *words: str) -> str:
    """Run gpg and return what it writes."""
    command = ["gpg", "--batch", "--quiet", "--passphrase", "", *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_gpg_approves_too(world: World, gnupg: dict[str, str]) -> None:
    """With a curve and a subkey that signs; the key stands in the file or beside it."""
    gpg(gnupg, "--quick-gen-key", "Dave <dave@acme.example>", "ed25519", "cert", "never")
    listed = gpg(gnupg, "--with-colons", "--list-keys").split("\n")
    fingerprint = next(line for line in listed if line.startswith("fpr")).split(":")[9]
    gpg(gnupg, "--quick-add-key", fingerprint, "rsa2048", "sign", "never")
    world.write("dave.pub", gpg(gnupg, "--armor", "--export", fingerprint))
    keygen(world, "alice")
    configured(world, approvals("alice", "dave"))
    assert world.run("lock").code == 0
    sign(world, "alice")
    done = world.run("lock", "--sign", f"openpgp:{fingerprint}", env=gnupg)
    assert (done.code, done.out.splitlines()[0]) == (0, f"signed by dave (openpgp {fingerprint})")
    assert world.run("build", "--quiet").code == 0
    text = lock_text(world)
    by_dave = text.rindex('signature: "') + 100
    changed = text[:by_dave] + ("A" if text[by_dave] != "A" else "B") + text[by_dave + 1 :]
    world.write("trustpack.lock", changed)
    assert "the signature of dave is not of this text" in refused(world)


PASSWORD = "correct horse"  # noqa: S105  of keys that nobody uses
# What gpg's agent asks by: on the terminal of which it is told, and nowhere else.
PINENTRY = """\
#!/bin/sh
echo OK
while read -r line; do
    case $line in
    'OPTION ttyname='*) tty=${line#OPTION ttyname=} ;;
    GETPIN)
        printf 'Password: ' >"$tty"
        read -r answer <"$tty"
        echo "D $answer"
        ;;
    esac
    echo OK
done
"""


def typed(world: World, env: dict[str, str], key: str, *answers: str) -> tuple[int, str]:
    """Sign at a terminal, at which each question is answered; return the status, and what stood there."""
    leader, follower = pty.openpty()
    command = [require("setsid"), "--ctty", str(PROGRAM), "lock", "--sign", key]
    child = subprocess.Popen(
        command, cwd=world.folder, env=env, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    said, left = "", list(answers)
    with contextlib.suppress(OSError):  # the terminal ends with who is at it
        while data := os.read(leader, 4096):
            said += data.decode()
            if said.rstrip(" ").endswith(":") and left:
                os.write(leader, f"{left.pop(0)}\n".encode())
    code = child.wait(60)
    os.close(leader)
    return code, said


def test_keys_with_passwords_are_asked_for_at_the_terminal(world: World, gnupg: dict[str, str]) -> None:
    """By ssh-keygen and gpg's agent; a wrong password and a missing terminal are told for what they are."""
    pinentry = world.write("pinentry", PINENTRY)
    pinentry.chmod(0o755)
    Path(gnupg["GNUPGHOME"], "gpg-agent.conf").write_text(f"pinentry-program {pinentry}\n")
    made = ["--pinentry-mode", "loopback", "--passphrase", PASSWORD]
    gpg(gnupg, *made, "--quick-gen-key", "Dave <dave@acme.example>", "ed25519", "sign", "never")
    listed = gpg(gnupg, "--with-colons", "--list-keys").split("\n")
    fingerprint = next(line for line in listed if line.startswith("fpr")).split(":")[9]
    world.write("dave.pub", gpg(gnupg, "--armor", "--export", fingerprint))
    subprocess.run(["gpgconf", "--kill", "all"], env=gnupg, check=True)  # which has just seen the password
    command = [require("ssh-keygen"), "-q", "-t", "ed25519", "-N", PASSWORD, "-f", "alice"]
    subprocess.run(command, cwd=world.folder, env=ENVIRONMENT, check=True)
    configured(world, approvals("alice", "dave"))
    assert world.run("lock").code == 0

    for key, wrong in (("alice", 1), (f"openpgp:{fingerprint}", 3)):
        nobody = subprocess.run(
            [PROGRAM, "lock", "--sign", key],
            cwd=world.folder,
            env=gnupg,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        assert (nobody.returncode, "there is no terminal at which it could ask" in nobody.stderr) == (7, True)
        assert "hint: if the key has a password, sign at a terminal" in nobody.stderr
        code, said = typed(world, gnupg, key, *["wrong"] * wrong)
        assert (code, "has not signed:" in said) == (7, True), said
        code, said = typed(world, gnupg, key, PASSWORD)
        assert (code, "signed by" in said) == (0, True), said
    assert world.run("lock", "--approved").code == 0


def test_a_private_key_is_never_read(world: World) -> None:
    """One that is named by mistake is refused, with the way out, and nothing of it is shown."""
    keygen(world, "alice")
    configured(world, "approvals: {needed: 1, approvers: {alice: alice}}\n")
    done = world.run("lock")
    assert (done.code, "alice:1: holds a private key" in done.err) == (5, True)
    assert Path(world.folder / "alice").read_text().split("\n")[1] not in done.err
