"""install.sh on systems that know nothing of the site yet, over TLS under the site's own CA.

The systems are tests/roots.py's; see hosts.py for what stands in for Fedora and openSUSE.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import http.server
import shutil
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import server_context
from builder.repositories import first_install
from tests.tools import require

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from builder.prove.sandbox import Result
    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Releases, Site

_NAME, _OWN = "acme-ca-certs", "acme-repository"
# All that a run may change, but for logs, caches, and databases that are written anew each time.
_EVERYTHING = r"""
cd / && find etc root -xdev ! -path 'etc/ld.so.cache' ! -path '*/java/cacerts' ! -path 'root/.*' \
    ! -path 'root/install.sh' \( -type f -exec sha256sum {} + -o -printf '%p %l\n' \) | sort
find usr/share/keyrings usr/share/doc usr/share/ca-certificates usr/share/pki \
    \( -type f -printf '%p %s\n' -o -printf '%p %l\n' \) | sort
dpkg-query -W -f '${Package} ${Version} ${Status}\n'
rpm -qa 2>/dev/null | sort; rpmkeys --list 2>/dev/null | sort
"""
# Counts the calls of a program by install.sh itself, and fails the one whose number is in /tmp/fail.
_FAILING = r"""#!/bin/sh
name=${0##*/}
words=$({ tr '\0' ' ' </proc/$PPID/cmdline; } 2>/dev/null)
if [ -e /tmp/fail ] && [ "${words#sh install.sh}" != "$words" ]; then
    exec 9>/tmp/lock && flock 9  # both ends of a pipe start at once
    count=$(($(/usr/bin/cat /tmp/count) + 1)); echo $count >/tmp/count
    if [ $count = "$(/usr/bin/cat /tmp/fail)" ]; then echo "$name $*" >/tmp/failed; exit 1; fi
    exec 9>&-
fi
PATH=/usr/sbin:/usr/bin:/sbin:/bin exec "$name" "$@"
"""
_PROGRAMS = "apt-get base64 cat chmod cp dnf dnf5 dpkg-query env mkdir mktemp mv rpm sha256sum zypper"


@pytest.fixture
def site(releases: Releases, open_site: Callable[..., Site]) -> Site:
    """Serve a site over TLS, under one of the CAs that it brings."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(releases.first.authorities["kept"], ["127.0.0.1", "localhost"], now=now)
    return open_site(releases.first, context=server_context(leaf))


def run(host: Host, site: Site, *options: str, shell: str = "sh", check: bool = True) -> Result:
    """Run the site's install.sh."""
    host.sandbox.copy_in("/root/install.sh", (site.folder / "install.sh").read_bytes())
    return host.run(f"cd /root && {shell} install.sh {' '.join(options)} 2>&1", check=check)


# What each stand-in has beside the package manager that it stands for.
_OTHERS = {"dnf": "/usr/bin/apt-get", "dnf5": "/usr/bin/apt-get", "zypper": "/usr/bin/apt-get /usr/bin/dnf"}
_SLOW = ("apt-bullseye", "apt-trixie", "apt-sid")
_SYSTEMS = (
    "apt-bookworm",
    "dnf",
    "dnf5",
    "zypper",
    *(pytest.param(x, marks=pytest.mark.long) for x in _SLOW),
)


def opened(hosts: Hosts, name: str) -> Host:
    """Open a system that has one package manager alone."""
    host = hosts.open(name)
    if name in _OTHERS:
        host.run(f"rm {_OTHERS[name]}")
    if name == "dnf5":  # a plugin that copies what is installed, and wants createrepo_c for it
        host.run("sed -i 's/^enabled *=.*/enabled = 0/' /etc/dnf/libdnf5-plugins/local.conf")
    return host


@pytest.mark.parametrize("name", _SYSTEMS)
def test_it_installs_and_the_site_is_trusted(hosts: Hosts, site: Site, name: str, releases: Releases) -> None:
    """Afterwards the system knows the site, its keys and its CAs, and takes upgrades from it by itself."""
    host = opened(hosts, name)
    pin = () if name == "zypper" else ("--bundle-sha256", _digest(site))
    run(host, site, *pin)
    assert releases.first.version == host.version(_NAME)
    assert host.version(_OWN)
    host.run(f"curl -fsS {site.url}/bundle.pem >/dev/null")
    site.add(releases.second)
    host.upgrade(_NAME)
    assert releases.second.version == host.version(_NAME)


@pytest.mark.parametrize(
    "name", ["apt-bookworm", *(pytest.param(x, marks=pytest.mark.long) for x in ("dnf", "dnf5", "zypper"))]
)
def test_a_failed_step_puts_everything_back(hosts: Hosts, site: Site, name: str) -> None:
    """Whichever program fails, the system is what it was before, and the next run succeeds."""
    host = opened(hosts, name)
    host.sandbox.copy_in("/root/failing", _FAILING.encode(), mode=0o755)
    copy = "! command -v $name || cp /root/failing /usr/local/sbin/$name"
    host.run(f"for name in {_PROGRAMS}; do {copy}; done")
    before = host.run(_EVERYTHING).out
    failed = []
    for number in range(1, 99):
        host.run(f"echo 0 >/tmp/count; echo {number} >/tmp/fail; rm -f /tmp/failed")
        done = run(host, site, check=False)
        if done.code == 0:
            break
        failed.append(host.run("cat /tmp/failed").out.strip())
        assert before == host.run(_EVERYTHING).out, failed[-1]
    assert len(failed) > 10
    assert host.version(_NAME)


def test_a_run_that_is_ended_puts_everything_back(hosts: Hosts, site: Site) -> None:
    """By a signal, when the packages are there already."""
    host = opened(hosts, "apt-bookworm")
    before = host.run(_EVERYTHING).out
    double = b'#!/bin/sh\n/usr/bin/apt-get "$@"; [ "$1" != update ] || kill -TERM $PPID\n'
    host.sandbox.copy_in("/usr/local/bin/apt-get", double, mode=0o755)
    done = run(host, site, check=False)
    host.run("rm /usr/local/bin/apt-get")
    assert (130, True) == (done.code, "Setting up acme-ca-certs" in done.out), done.out
    assert before == host.run(_EVERYTHING).out


def test_what_is_removed_is_gone(hosts: Hosts, site: Site) -> None:
    """Packages, keys, sources and preferences go; the second run has nothing to do."""
    host = opened(hosts, "apt-bookworm")
    before = host.run(_EVERYTHING).out
    run(host, site)
    run(host, site, "--remove")
    assert before == host.run(_EVERYTHING).out
    assert not host.version(_NAME)
    run(host, site, "--remove")


@pytest.mark.parametrize(
    "name", ["dnf", *(pytest.param(x, marks=pytest.mark.long) for x in ("dnf5", "zypper"))]
)
def test_removing_takes_rpms_own_copies_of_the_keys_too(hosts: Hosts, site: Site, name: str) -> None:
    """No package of this site is vouched for any more."""
    host = opened(hosts, name)
    run(host, site)
    keys = "rpmkeys --list"
    assert "ca@acme.example" in host.run(keys).out
    run(host, site, "--remove")
    assert "ca@acme.example" not in host.run(keys, check=False).out
    assert not host.version(_NAME)
    assert not host.version(_OWN)


def test_the_command_that_people_are_told_runs_no_other_script(hosts: Hosts, site: Site) -> None:
    """Where somebody has changed it on the web server, its digest is another one, and nothing is run."""
    host = opened(hosts, "apt-bookworm")
    (script,) = site.folder.glob("install-*.sh")
    digest = script.stem.removeprefix("install-")
    command = f"cd /root && {first_install.command(site.url, digest).replace('sudo ', '')}"
    site.overwrite(script.name, b"#!/bin/sh\ntouch /root/owned\n" + (genuine := script.read_bytes()))
    assert host.run(f"{command}[ ! -e /root/owned ]").out.endswith("did NOT match\n")
    assert not host.version(_NAME)
    site.overwrite(script.name, genuine)
    host.run(command)
    assert host.version(_NAME)


def test_a_dry_run_tells_what_a_run_does_and_changes_nothing(hosts: Hosts, site: Site) -> None:
    """Line by line the same, but for the folder that a run works in."""
    host = opened(hosts, "apt-bookworm")
    before = host.run(_EVERYTHING).out
    told = run(host, site, "--dry-run").out
    assert before == host.run(_EVERYTHING).out
    assert not site.asked()
    done = run(host, site).out
    # At its end a run says what is installed, and which further packages there are.
    assert told.splitlines() == [line for line in done.splitlines() if line.startswith("+ ")][:-2]


def test_another_bundle_than_the_pinned_one_is_refused(hosts: Hosts, site: Site) -> None:
    """Nothing is changed, and the system is asked for nothing else."""
    host = opened(hosts, "apt-bookworm")
    before = host.run(_EVERYTHING).out
    done = run(host, site, "--bundle-sha256", "0" * 64, check=False)
    assert done.code == 1
    assert "nothing was changed" in done.out
    assert before == host.run(_EVERYTHING).out
    assert ["GET /bundle.pem"] == site.asked()


def test_words_that_it_does_not_know_are_refused(hosts: Hosts, site: Site) -> None:
    """A typing error starts nothing."""
    host = opened(hosts, "apt-bookworm")
    for words in ("--bundle-sha256", "--bundle-sha256 abc", f"--bundle-sha256 {'A' * 64}", "--bundle", "x"):
        done = run(host, site, words, check=False)
        assert (1, True) == (done.code, done.out.startswith("install.sh: ")), done.out
    assert not site.asked()


def test_a_server_that_another_ca_vouches_for_is_refused(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """With a pinned bundle it is not talked to; without one, everything is put back at the end."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(authority.create("Another", now=now), ["127.0.0.1"], now=now)
    site = open_site(releases.first, context=server_context(leaf))
    host = opened(hosts, "apt-bookworm")
    before = host.run(_EVERYTHING).out
    for options in ((), ("--bundle-sha256", _digest(site))):
        assert run(host, site, *options, check=False).code != 0
        assert before == host.run(_EVERYTHING).out


def _digest(site: Site) -> str:
    return hashlib.sha256((site.folder / "bundle.pem").read_bytes()).hexdigest()


def test_a_bare_debian_needs_nothing_but_apt(hosts: Hosts, site: Site) -> None:
    """No curl, no wget, no certificates at all: apt-helper fetches, and ca-certificates comes along."""
    host = opened(hosts, "apt-bookworm")
    host.run("apt-get purge --yes ca-certificates && rm -f /usr/bin/curl /usr/bin/wget")
    host.sandbox.copy_in("/root/index", _INDEX.encode())
    host.run("sh /root/index")
    url, digest = site.url, hashlib.sha256((site.folder / "install.sh").read_bytes()).hexdigest()
    host.run(f"cd /root && {first_install.command_without_curl(url, digest)}")
    assert host.version(_NAME)
    assert host.version("ca-certificates")


# A source of the distribution's, which has the one package that is kept in /root.
_INDEX = """
set -e
cd /root && deb=$(ls ca-certificates_*.deb)
{ dpkg-deb --field "$deb"; echo "Filename: ./$deb"; echo "Size: $(wc -c <"$deb")"
echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"; } >Packages
chmod 755 /root
echo 'deb [trusted=yes] file:/root ./' >/etc/apt/sources.list
"""


_SHELLS = ("dash", "bash --posix", "ksh93")


@pytest.mark.parametrize(
    "shell", ["busybox", "mksh", *(pytest.param(x, marks=pytest.mark.long) for x in _SHELLS)]
)
def test_every_shell_runs_it(hosts: Hosts, site: Site, shell: str) -> None:
    """Whatever /bin/sh is."""
    program, *options = shell.split()
    host = opened(hosts, "apt-bookworm")
    found = shutil.which(program)
    host.sandbox.copy_in(f"/root/{program}", Path(found or require(program)).read_bytes(), mode=0o755)
    words = " ".join([f"/root/{program}", *(["sh"] if program == "busybox" else options)])
    run(host, site, "--bundle-sha256", _digest(site), shell=words)
    assert host.version(_NAME)
    run(host, site, "--remove", shell=words)
    assert not host.version(_NAME)
    assert run(host, site, "--bundle-sha256", "0" * 64, shell=words, check=False).code == 1


def test_an_alpine_needs_nothing_but_busybox(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """With a double of apk; the real one, 2.14 and 3.0, was tried by hand."""
    site = open_site(releases.first)
    host = opened(hosts, "apt-trixie")
    host.sandbox.copy_in("/alpine/apk", Path(__file__).with_name("apk-double").read_bytes(), mode=0o755)
    host.run("/usr/bin/busybox --install -s /alpine")
    host.sandbox.copy_in("/root/install.sh", (site.folder / "install.sh").read_bytes())
    alpine = "cd /root && env -i PATH=/alpine /alpine/sh install.sh"
    host.run(alpine)
    keys = site.keys.apk_keys if site.keys else {}
    assert set(keys) == set(host.run("ls /etc/apk/keys").out.split())
    assert f"@acme {site.url}/apk\n" == host.run("cat /etc/apk/repositories.d/acme.list").out
    host.run("ls /usr/local/share/ca-certificates/acme-*.crt /lib/apk/double/acme-repository")
    host.run(f"{alpine} --remove")
    assert "" == host.run("ls /etc/apk/keys /etc/apk/repositories.d | grep acme || :").out
    # The package is on the site, but a key is not here: apk refuses it, and all is as it was.
    host.run("sed -i 's/^for key in/exit 1; &/; s/wget -q -O .tmp.package.*/exit 1/' /alpine/apk")
    assert host.run(alpine, check=False).code != 0
    assert "" == host.run("ls /etc/apk/keys /etc/apk/repositories.d 2>&1 | grep acme || :").out


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("apt-bookworm", "apt-get -o APT::Update::Error-Mode=any update"),
        pytest.param("dnf", "dnf --releasever=1 makecache", marks=pytest.mark.long),
        pytest.param("zypper", "zypper refresh", marks=pytest.mark.long),
    ],
)
def test_without_the_repository_package_the_system_goes_on(
    hosts: Hosts, site: Site, name: str, update: str
) -> None:
    """Who removes it is left with no source that cannot be verified; the CA certificates stay."""
    host = opened(hosts, name)
    run(host, site)
    host.run(f"{host.kind.remove.format(name=_OWN).replace('purge', 'remove')}")
    asked = len(site.log)
    host.run(update, check=name.startswith("apt"))  # the others find no repository at all
    assert [] == site.asked()[asked:]
    assert host.version(_NAME)


@contextlib.contextmanager
def _on_ipv6(folder: Path, context: ssl.SSLContext) -> Iterator[str]:
    """Serve a folder on [::1], over TLS, as a web server does that has no name."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # apt 3 takes the end of a connection for no end of a file

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6

    with Server(("::1", 0), functools.partial(Handler, directory=folder)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"https://[::1]:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("apt-bookworm", False),
        *(
            pytest.param(name, True, marks=pytest.mark.long)
            for name in ("apt-bookworm", "apt-trixie", "dnf", "dnf5")
        ),
        pytest.param("zypper", False, marks=pytest.mark.long),
    ],
)
def test_a_site_may_have_an_address_of_ipv6(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, name: str, *, pinned: bool
) -> None:
    """Its colons are in options that apt parts at colons, and in files that each reads in its own way."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(releases.first.authorities["kept"], ["::1"], now=now)
    site = open_site()
    with _on_ipv6(site.folder, server_context(leaf)) as site.url:
        site.add(releases.first)
        host = opened(hosts, name)
        run(host, site, *(("--bundle-sha256", _digest(site)) if pinned else ()))
        assert (releases.first.version, True) == (host.version(_NAME), bool(host.version(_OWN)))
        site.add(releases.second)
        host.upgrade(_NAME)
        assert releases.second.version == host.version(_NAME)
