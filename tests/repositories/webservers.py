"""Real web servers of Debian, started with the lines that the guide gives for them."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.both_loopbacks import on_both
from tests.docs.blocks import blocks
from tests.tools import require

_SECONDS = 20
_MODULES = ("mpm_event", "authz_core", "mime", "dir", "ssl", "headers")


def lines(language: str, *, site: Path, port: int, chain: Path, key: Path) -> str:
    """Return the guide's lines for a server, about a folder, a port and a certificate of the tests."""
    (block,) = (block for block in blocks("run-your-own-site") if block.language == language)
    text = block.text
    for old, new in {
        "https://packages.acme.internal": f"https://localhost:{port}",
        "packages.acme.internal": "localhost",
        "/srv/site": str(site),
        "/etc/ssl/packages/chain.pem": str(chain),
        "/etc/ssl/packages/key.pem": str(key),
        "listen 443": f"listen {port}",
        "*:443": f"*:{port}",
        '":443"': f'"localhost:{port}"',
    }.items():
        text = text.replace(old, new)
    return text


def _nginx(folder: Path, text: str) -> list[str]:
    (folder / "nginx.conf").write_text(
        f"user root;\ndaemon off;\npid {folder}/pid;\nerror_log {folder}/log;\nevents {{}}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{text}}}\n"
    )
    return [require("nginx"), "-p", str(folder), "-e", f"{folder}/log", "-c", f"{folder}/nginx.conf"]


def _apache(folder: Path, text: str) -> list[str]:
    port = text.partition("*:")[2].partition(">")[0]
    loads = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in _MODULES)
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nPidFile {folder}/pid\nErrorLog {folder}/log\nListen localhost:{port}\n{loads}"
        f"ServerName localhost\nUser www-data\nTypesConfig /etc/mime.types\n{text}"
    )
    return [require("apache2"), "-D", "FOREGROUND", "-f", f"{folder}/apache.conf"]


def _caddy(folder: Path, text: str) -> list[str]:
    (folder / "Caddyfile").write_text(
        f"{{\nadmin off\nauto_https disable_redirects\nskip_install_trust\n}}\n{text}"
    )
    return [require("caddy"), "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]


def _lighttpd(folder: Path, text: str) -> list[str]:
    # It listens there beside what the text says, and takes 80 where it is told 0.
    (folder / "lighttpd.conf").write_text(
        f'server.document-root = "{folder}"\nserver.bind = "localhost"\nserver.port = {free_port()}\n'
        f'server.errorlog = "{folder}/log"\nserver.modules = ()\n{text}'
    )
    return [require("lighttpd"), "-D", "-f", f"{folder}/lighttpd.conf"]


SERVERS: dict[str, Callable[[Path, str], list[str]]] = {
    "nginx": _nginx,
    "apache": _apache,
    "caddy": _caddy,
    "lighttpd": _lighttpd,
}


def free_port() -> int:
    """Return a port of loopback that nobody listens on at the moment."""
    with socket.create_server(("localhost", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(language: str, folder: Path, site: Path, *, port: int, chain: Path, key: Path) -> Iterator[str]:
    """Serve `site` by one of SERVERS, with its own files in `folder`; yield the site's URL."""
    command = SERVERS[language](folder, lines(language, site=site, port=port, chain=chain, key=key))
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "HOME": str(folder)},
        )
    try:
        _wait(process, port, folder)
        with on_both(port):
            yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError((folder / "said").read_text() + _log(folder))


def _log(folder: Path) -> str:
    return (folder / "log").read_text() if (folder / "log").exists() else ""


def readable_copy(site: Path, folder: Path) -> Path:
    """Copy a site to where servers of another account can read it."""
    copy = folder / "site"
    shutil.copytree(site, copy)
    for path in (folder, copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy
