"""The RPM package where the system is an image: rpm-ostree's sandbox, and transactional-update's snapshots.

Neither is to be had here, so both are stand-ins, on those of `distributions`: the tests do around rpm what
these tools do, after their sources. rpm, zypper, p11-kit and bubblewrap are the real ones. Not covered: how a
booted system merges its /etc with a new image's.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.trust import distributions
from tests.trust.distributions import DNF4, FEDORA, OPENSUSE, ZYPPER, System
from tests.trust.prepared import Preparations
from tests.trust.world import World

_NAME = "acme-ca-certs"
_FEW = ("curl", "java")
# https://github.com/coreos/rpm-ostree at 2026.2: rust/src/bwrap.rs, src/libpriv/rpmostree-scripts.cxx. What
# rofiles-fuse is there, a copy of what is written, the sandbox's overlay is here.
_CAPABILITIES = "chown dac_override fowner fsetid kill setgid setuid setpcap sys_chroot setfcap"
_SANDBOX = f"""
cd / && exec env -i LANG=C PATH=/usr/sbin:/usr/bin SYSTEMD_OFFLINE=1 bwrap \
    --dev /dev --proc /proc --dir /run --dir /tmp --chdir / --die-with-parent \
    --unshare-pid --unshare-uts --unshare-ipc --unshare-cgroup-try --unshare-net \
    --cap-drop ALL {" ".join(f"--cap-add cap_{name}" for name in _CAPABILITIES.split())} \
    --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
    $1 usr /usr --bind etc /etc --ro-bind ./var /var --tmpfs /var/tmp \
    --ro-bind usr/share/empty usr/share/rpm --tmpfs /run --ro-bind-data 3 /run/ostree-booted \
    "$2" /proc/self/fd/5 "$3" 3</dev/null 5</root/scriptlet
"""
# https://github.com/openSUSE/transactional-update at 6.1.3: lib/Transaction.cpp. The running system's store
# is mounted into the snapshot; that it is read-only here shows that a transaction leaves it alone.
_TRANSACTION = """
mount --bind /var/lib/ca-certificates /var/lib/ca-certificates
mount -o remount,bind,ro /var/lib/ca-certificates
for folder in /tmp /run /var/tmp; do mount -t tmpfs tmpfs "$folder"; done
exec "$@"
"""
_IN_TRANSACTION = {"TRANSACTIONAL_UPDATE": "true", "TRANSACTIONAL_UPDATE_ROOT": "/.snapshots/2/snapshot"}


@pytest.fixture
def fedora(world: World, rpms: Mapping[str, Path], preparations: Preparations) -> Iterator[System]:
    with distributions.open_system(preparations, DNF4, FEDORA, world, rpms) as opened:
        yield opened


@pytest.fixture
def opensuse(world: World, rpms: Mapping[str, Path], preparations: Preparations) -> Iterator[System]:
    with distributions.open_system(preparations, ZYPPER, OPENSUSE, world, rpms) as opened:
        yield opened


def _header(system: System, rpm: str, form: str) -> str:
    return system.sandbox.run(["rpm", "--query", "--queryformat", form, "--package", f"/root/{rpm}.rpm"]).out


def _compose(system: System, rpm: str, argument: str, *, usr: str = "--bind") -> set[str]:
    """Do as rpm-ostree does: unpack all files, then run %pre, %post and %posttrans, each in its sandbox.

    Return what the scriptlets wrote outside /root; of the store, only its folder.
    """
    run, tags = system.sandbox.run, ("PREIN", "POSTIN", "POSTTRANS")
    scriptlets = [[_header(system, rpm, f"%{{{tag}{kind}}}") for kind in ("PROG", "")] for tag in tags]
    run(["rpm", "--upgrade", "--nosignature", "--noscripts", f"/root/{rpm}.rpm"])
    run(["sh", "-c", "mkdir -p /usr/share/empty /usr/share/rpm; touch /root/unpacked; sleep 0.1"])
    for interpreter, script in scriptlets:
        if script != "(none)":
            system.sandbox.copy_in("/root/scriptlet", script.encode())
            assert run(["sh", "-c", _SANDBOX, "sh", usr, interpreter, argument]).out == ""
    written = run(["sh", "-c", "find / -xdev -path /root -prune -o -cnewer /root/unpacked -print"]).out
    store = "/etc/pki/ca-trust/extracted"
    return {store if path.startswith(f"{store}/") else path for path in written.splitlines()}


def test_rpm_ostree_supports_every_scriptlet(fedora: System) -> None:
    """There is no trigger, which it refuses, and no Lua, which it cannot sandbox."""
    assert fedora.sandbox.run(["rpm", "-qp", "--triggers", "--filetriggers", "/root/first.rpm"]).out == ""
    tags = ("PRETRANS", "PREIN", "POSTIN", "POSTTRANS", "PREUN", "POSTUN")
    used = {tag: _header(fedora, "first", f"%{{{tag}PROG}}") for tag in tags}
    assert used == dict.fromkeys(tags, "(none)") | {"POSTTRANS": "/bin/sh", "POSTUN": "/bin/sh"}


@pytest.mark.parametrize("usr", ["--bind", "--ro-bind"], ids=["usr-is-writable", "usr-is-read-only"])
def test_an_image_composed_in_rpm_ostree_s_sandbox_stand_in_trusts_the_cas(fedora: System, usr: str) -> None:
    """Without network, capabilities or a writable /var, the scriptlet extracts the store, and no more."""
    assert fedora.trusted(*_FEW) == fedora.each({"public"}, *_FEW)
    assert _compose(fedora, "first", "1", usr=usr) == {"/etc/pki/ca-trust/extracted"}
    assert fedora.trusted(*_FEW) == fedora.each({"public", "kept", "old"}, *_FEW)
    assert fedora.verify(_NAME) == ""


def test_a_package_replaced_in_an_image_takes_its_retired_cas_out_on_rpm_ostree_stand_in(
    fedora: System,
) -> None:
    """`rpm-ostree override replace` runs the new %posttrans when the old files are gone."""
    _compose(fedora, "first", "1")
    _compose(fedora, "second", "2")
    assert fedora.trusted(*_FEW) == fedora.each({"public", "kept", "new"}, *_FEW)


def test_a_package_removed_from_a_base_image_needs_the_updater_on_rpm_ostree_stand_in(
    fedora: System,
) -> None:
    """`rpm-ostree override remove` runs no %postun, so the store stays as it was until the updater runs."""
    _compose(fedora, "first", "1")
    fedora.sandbox.run(["rpm", "--erase", "--noscripts", _NAME])
    assert fedora.trusted("curl") == fedora.each({"public", "kept", "old"}, "curl")
    fedora.sandbox.run([FEDORA.updater])
    assert fedora.trusted(*_FEW) == fedora.each({"public"}, *_FEW)
    assert fedora.changes() == []


def test_installing_into_a_running_image_fails_before_any_scriptlet_on_fedora_stand_in(
    fedora: System,
) -> None:
    """Where /usr is mounted read-only, dnf fails to unpack, and the trust store stays as it was."""
    fedora.sandbox.run(["mount", "--bind", "/usr", "/usr"])
    fedora.sandbox.run(["mount", "-o", "remount,bind,ro", "/usr"])
    done = fedora.sandbox.run([*DNF4.install, "/root/first.rpm"], check=False)
    assert done.code == 1
    assert fedora.changes() == []
    assert fedora.trusted("curl") == fedora.each({"public"}, "curl")


def _transact(system: System, *command: str) -> None:
    """Run a command in a new snapshot, as transactional-update does."""
    words = ["unshare", "--mount", "sh", "-euc", _TRANSACTION, "sh", *command]
    said = system.sandbox.run(words, environment=_IN_TRANSACTION).out
    assert "the trust store is not up to date" not in said


def _boot(system: System) -> None:
    """Run ca-certificates.service if its path unit finds the file it waits for."""
    system.sandbox.run(["sh", "-c", "test -e /etc/pki/trust/.updated"])
    system.sandbox.run([OPENSUSE.updater])


def test_a_snapshot_s_cas_count_from_its_first_boot_on_transactional_update_stand_in(
    opensuse: System,
) -> None:
    """A transaction leaves the running system's store alone; what it did counts from the boot on."""
    marker = "/etc/pki/trust/.updated"
    _transact(opensuse, *ZYPPER.install, "/root/first.rpm")
    stored = [path for path in opensuse.changes() if not path.startswith("/usr/share/pki/")]
    assert stored == [marker]
    assert opensuse.trusted(*_FEW) == opensuse.each({"public"}, *_FEW)
    _boot(opensuse)
    assert opensuse.trusted(*_FEW) == opensuse.each({"public", "kept", "old"}, *_FEW)

    _transact(opensuse, *ZYPPER.upgrade, "/root/second.rpm")
    _boot(opensuse)
    assert opensuse.trusted(*_FEW) == opensuse.each({"public", "kept", "new"}, *_FEW)

    _transact(opensuse, *ZYPPER.erase, _NAME)
    assert opensuse.trusted("curl") == opensuse.each({"public", "kept", "new"}, "curl")
    _boot(opensuse)
    assert opensuse.trusted(*_FEW) == opensuse.each({"public"}, *_FEW)
    assert opensuse.changes() == []
