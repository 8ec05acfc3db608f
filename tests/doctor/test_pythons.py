"""What the doctor says of Python environments, held to what pip, requests, httpx and urllib then do."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from builder.x509.subject_hash import subject_hash
from tests import releases
from tests.doctor.asking import accepts
from tests.doctor.machine import Machine, here, state
from tests.pinned import pinned_folder
from tests.runtime.wheel.world import clients, run

if TYPE_CHECKING:
    from builder.prove.authority import Authority
    from builder.prove.server import Listener

_HERE = Path(__file__).parent
_LIBRARIES = tuple(
    "certifi requests urllib3 idna charset_normalizer httpx httpcore h11 anyio sniffio".split()  # noqa: SIM905
)
_ASK = {
    "requests": "import requests, sys; requests.get(sys.argv[1])",
    "httpx": "import httpx, sys; httpx.get(sys.argv[1])",
    "urllib": "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])",
}


def _venv(folder: Path) -> tuple[Path, Path]:
    """Make an environment; return its Python and its folder of packages."""
    run([sys.executable, "-m", "venv", "--without-pip", folder])
    (site,) = folder.glob("lib/python3.*/site-packages")
    return folder / "bin" / "python", site


def _with_libraries(folder: Path) -> tuple[Path, Path]:
    """Make an environment with real copies of requests and httpx, and their certifi."""
    python, site = _venv(folder)
    for pattern in (
        pattern for name in _LIBRARIES for pattern in (name, f"{name}.py", f"{name}-*.dist-info")
    ):
        for path in clients().glob(pattern):
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, site / path.name)
    return python, site


def _with_pip(folder: Path, name: str) -> tuple[Path, Path]:
    """Make an environment with a pip of a certain version; return its Python and that pip's certifi."""
    python, site = _venv(folder)
    for path in pinned_folder(name, _HERE / f"{name}.txt").glob("pip*"):
        shutil.copytree(path, site / path.name)
    return python, site / "pip/_vendor/certifi/cacert.pem"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make an environment with real copies of requests and httpx, and their certifi."""
    return _with_libraries(tmp_path_factory.mktemp("libraries") / "venv")


def _ask_pip(python: Path, listener: Listener, **environment: str) -> bool:
    words = (
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--retries=0",
        "download",
        "--no-deps",
    )
    # Without any configuration: the machine's own may name a file of roots.
    chosen = {"PIP_CONFIG_FILE": os.devnull, **environment}
    return accepts(listener, [python, *words, "--index-url={url}", "no-such-package"], chosen)


@pytest.mark.parametrize("name", ["pip-old", pytest.param("pip-first", marks=pytest.mark.long), "pip-new"])
def test_pips_certifi_is_all_that_it_trusts_before_24_2(
    tmp_path: Path, acme: Authority, server: Listener, pem: Path, name: str
) -> None:
    """A root in pip's certifi counts for each pip; without it, it is missing where nothing else adds it."""
    python, certifi = _with_pip(tmp_path / "venv", name)
    is_old = name == "pip-old"
    before = here(tmp_path / "venv").row("python", "pip", acme)
    assert state(before) == ("missing" if is_old else "absent")
    assert before["mend"] == f"{python} -m pip install acme-certifi"
    assert not _ask_pip(python, server)
    assert _ask_pip(python, server, SSL_CERT_FILE=str(pem)) is not is_old
    with certifi.open("ab") as file:
        file.write(acme.pem)
    after = here(tmp_path / "venv").row("python", "pip", acme)
    assert (state(after), after["effective"]) == ("valid", True)
    assert _ask_pip(python, server)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("pip-old", "PIP_CERT"),
        ("pip-old", "REQUESTS_CA_BUNDLE"),
        ("pip-old", "CURL_CA_BUNDLE"),
        ("pip-new", "PIP_CERT"),
        ("pip-new", "REQUESTS_CA_BUNDLE"),
    ],
)
def test_a_variable_shadows_the_certifi_of_an_old_pip(
    tmp_path: Path, acme: Authority, other: Authority, server: Listener, variable: str, name: str
) -> None:
    """Where a variable names another file, a root in pip's certifi counts no more, but for a newer pip."""
    python, certifi = _with_pip(tmp_path / "venv", name)
    with certifi.open("ab") as file:
        file.write(acme.pem)
    (tmp_path / "other.pem").write_bytes(other.pem)
    chosen = {variable: str(tmp_path / "other.pem")}
    row = here(tmp_path / "venv", **chosen).row("python", "pip", acme)
    assert row["effective"] is (name == "pip-new")
    assert row["shadowed_by"] == ("" if name == "pip-new" else f"{variable} in this environment")
    assert _ask_pip(python, server, **chosen) is row["effective"]


@pytest.mark.parametrize(
    ("client", "variable", "is_shadowed"),
    [
        ("requests", "", False),
        ("requests", "REQUESTS_CA_BUNDLE", True),
        ("requests", "CURL_CA_BUNDLE", True),
        ("requests", "SSL_CERT_FILE", False),
        ("httpx", "", False),
        ("httpx", "SSL_CERT_FILE", True),
        ("httpx", "SSL_CERT_DIR", True),
        ("httpx", "REQUESTS_CA_BUNDLE", False),
    ],
)
def test_certifi_counts_for_its_readers_unless_a_variable_names_another_file(  # noqa: PLR0917
    environment: tuple[Path, Path],
    acme: Authority,
    other: Authority,
    server: Listener,
    tmp_path: Path,
    client: str,
    variable: str,
    is_shadowed: bool,
) -> None:
    """Each client takes certifi with the root in it, but for its own variable; the row says for whom not."""
    python, site = environment
    (tmp_path / "other.pem").write_bytes(other.pem)
    certifi = site / "certifi/cacert.pem"
    public = certifi.read_bytes()
    named = tmp_path if variable.endswith("_DIR") else tmp_path / "other.pem"
    chosen = {variable: str(named)} if variable else {}
    try:
        assert not accepts(server, [python, "-c", _ASK[client], "{url}"], {})
        certifi.write_bytes(public + acme.pem)
        row = here(site.parent, **chosen).row("python", "certifi", acme)
        is_accepted = accepts(server, [python, "-c", _ASK[client], "{url}"], chosen)
    finally:
        certifi.write_bytes(public)
    assert (state(row), row["effective"]) == ("valid", True)
    assert is_accepted is not is_shadowed
    assert (f"not for {client}: {variable}" in row["note"]) is is_shadowed


def test_certifi_that_no_reader_reads_is_shown_and_not_counted(
    environment: tuple[Path, Path], acme: Authority, pem: Path
) -> None:
    """Where each client of an environment has been told of another file, certifi is no finding."""
    chosen = {"REQUESTS_CA_BUNDLE": str(pem), "SSL_CERT_FILE": str(pem)}
    row = here(environment[1].parent, **chosen).row("python", "certifi", acme)
    assert (row["effective"], state(row)) == (False, "missing")
    assert "for requests" in row["shadowed_by"]
    assert "for httpx" in row["shadowed_by"]


def _built(folder: Path, slug: str, ca: Authority, **settings: str) -> Path:
    [wheel] = releases.build(folder / slug, slug, [ca], target="wheel", release="2026.1", settings=settings)
    return wheel


def _install(python: Path, wheel: Path) -> None:
    run([clients() / "bin" / "uv", "pip", "install", "--offline", "--no-index", "--python", python, wheel])


def test_an_active_wheel_makes_up_for_certifi(tmp_path: Path, acme: Authority, server: Listener) -> None:
    """With our wheel, clients of an environment accept, and its certifi is no finding; without, both turn."""
    python, site = _with_libraries(tmp_path / "venv")
    assert state(here(site.parent).row("python", "certifi", acme)) == "missing"
    _install(python, _built(tmp_path, "acme", acme))
    assert state(here(site.parent).row("python", "certifi", acme)) == "absent"
    wheel = here(site.parent).row("python", "wheel acme-certifi", acme)
    assert (state(wheel), wheel["effective"]) == ("valid", True)
    for client, code in _ASK.items():
        assert accepts(server, [python, "-c", code, "{url}"], {}), client
    # Of two start-up files this Python reads one.
    (site / ("acme_certifi.start" if sys.version_info >= (3, 15) else "acme_certifi.pth")).unlink()
    assert state(here(site.parent).row("python", "certifi", acme)) == "missing"
    assert here(site.parent).row("python", "wheel", acme)["effective"] is None
    assert not accepts(server, [python, "-c", _ASK["requests"], "{url}"], {})


def test_a_wheel_that_is_not_activated_is_not_said_to_be(
    tmp_path: Path, acme: Authority, server: Listener
) -> None:
    """Of the wheel without a start-up file the doctor says that programs have to call it."""
    python, site = _venv(tmp_path / "venv")
    _install(python, _built(tmp_path, "acme", acme, activation="explicit"))
    row = here(site.parent).row("python", "wheel", acme)
    assert (state(row), row["effective"]) == ("valid", None)
    assert "activate()" in row["note"]
    assert not accepts(server, [python, "-c", _ASK["urllib"], "{url}"], {})


def test_an_old_wheel_lacks_the_new_root(tmp_path: Path, acme: Authority, other: Authority) -> None:
    """A wheel of one's own that lacks a CA is a finding; that of another organisation is none."""
    python, site = _venv(tmp_path / "venv")
    _install(python, _built(tmp_path, "acme", other))
    row = here(site.parent).row("python", "wheel", acme)
    assert state(row) == "missing"
    assert row["mend"] == f"uv pip install --upgrade --python {tmp_path / 'venv'} acme-certifi"
    _install(python, _built(tmp_path, "globex", other))
    assert state(here(site.parent).row("python", "wheel globex", acme)) == "absent"


def test_a_distributions_certifi_reads_the_systems_store(tmp_path: Path, acme: Authority) -> None:
    """Debian's certifi says where it reads: the file beside it is not effective."""
    site = tmp_path / "usr/lib/python3/dist-packages/certifi"
    site.mkdir(parents=True)
    (site / "cacert.pem").write_bytes(b"")
    (site / "core.py").write_text('def where() -> str:\n    return "/etc/ssl/certs/ca-certificates.crt"\n')
    row = Machine(str(tmp_path)).row("python", "certifi", acme)
    assert row["effective"] is False
    assert "/etc/ssl/certs/ca-certificates.crt" in row["shadowed_by"]


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("home/ann/.local/share/pipx/venvs/httpie", "pipx inject httpie acme-certifi"),
        ("home/ann/.local/share/uv/tools/ruff", "uv tool install ruff --with acme-certifi"),
        ("opt/my app", "uv pip install --python '/opt/my app' acme-certifi"),
    ],
)
def test_environments_are_mended_by_who_made_them(
    tmp_path: Path, acme: Authority, folder: str, line: str
) -> None:
    """The line that mends is pipx's, uv's or pip's."""
    site = tmp_path / folder / "lib/python3.12/site-packages/certifi"
    site.mkdir(parents=True)
    (site / "cacert.pem").write_bytes(b"")
    row = Machine(str(tmp_path)).row("python", "certifi", acme)
    assert (row["mend"], state(row)) == (line, "missing")
    assert row["user"] == ("ann" if "ann" in folder else "")


def test_condas_store_is_its_file_and_its_folder(tmp_path: Path, acme: Authority, other: Authority) -> None:
    """A root in an environment of conda's counts in both."""
    base = tmp_path / "opt/conda"
    (base / "conda-meta").mkdir(parents=True)
    (base / "conda-meta/history").touch()
    (base / "ssl/certs").mkdir(parents=True)
    (base / "ssl/cacert.pem").write_bytes(other.pem)
    row = Machine(str(tmp_path)).row("python", "conda", acme)
    assert (state(row), row["mend"]) == ("missing", "conda install -p /opt/conda acme-ca")
    (base / "ssl/certs/acme.pem").write_bytes(acme.pem)
    assert state(Machine(str(tmp_path)).row("python", "conda", acme)) == "missing"  # OpenSSL goes by the hash
    (base / "ssl/certs/12345678.0").write_bytes(acme.pem)
    assert state(Machine(str(tmp_path)).row("python", "conda", acme)) == "missing"  # and by the right one
    digest = subject_hash(acme.certificate.public_bytes(Encoding.DER))
    (base / f"ssl/certs/{digest}.0").write_bytes(acme.pem)
    assert state(Machine(str(tmp_path)).row("python", "conda", acme)) == "valid"


def test_uv_trusts_as_the_doctor_says(
    tmp_path: Path, acme: Authority, other: Authority, server: Listener
) -> None:
    """Its roots are compiled in; variables put others in their place."""
    program = tmp_path / "bin/uv"
    program.parent.mkdir()
    shutil.copy2(clients() / "bin/uv", program)
    python, _ = _venv(tmp_path / "venv")
    for name, ca in (("ours", acme), ("theirs", other)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "root.pem").write_bytes(ca.pem)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ways = {
        "nothing": {},
        "file": {"SSL_CERT_FILE": f"{ours}/root.pem"},
        "folder": {"SSL_CERT_DIR": str(ours)},
        "other file, our folder": {"SSL_CERT_FILE": f"{theirs}/root.pem", "SSL_CERT_DIR": str(ours)},
        "system": {"UV_SYSTEM_CERTS": "1"},
        "system's file": {"UV_SYSTEM_CERTS": "true", "SSL_CERT_FILE": f"{ours}/root.pem"},
        "others": {"SSL_CERT_FILE": f"{theirs}/root.pem"},
    }
    words = ["--no-config", "--no-cache", "pip", "install", "--dry-run", f"--python={python}"]
    command: list[str | Path] = [program, *words, "--default-index={url}", "no-such-package"]
    said, done = {}, {}
    for way, chosen in ways.items():
        said[way] = state(here(tmp_path, **chosen).row("python", "uv", acme)) == "valid"
        done[way] = accepts(server, command, chosen)
    assert said == done
    assert said["file"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"organisation": [', "\0", '{"a":' * 50_000], ids=range(4))
def test_a_hostile_inventory_costs_no_other_row(tmp_path: Path, acme: Authority, text: str) -> None:
    """What lies in one environment cannot keep the doctor from the others."""
    for name in ("bad", "good"):
        site = tmp_path / name / "lib/python3.12/site-packages"
        (site / "acme_certifi").mkdir(parents=True)
        (site / "_acme_certifi.py").touch()
        (site / "acme_certifi.pth").touch()
        (site / "acme_certifi/roots.pem").write_bytes(acme.pem)
        inventory = text if name == "bad" else '{"organisation": "acme"}'
        (site / "acme_certifi/certificates.json").write_text(inventory)
        project = tmp_path / name / "node_modules/acme-ca"
        project.mkdir(parents=True)
        (project / "register.js").touch()
        (project / "roots.pem").write_bytes(acme.pem)
        (project / "package.json").write_text(
            text if name == "bad" else '{"name": "acme-ca", "version": "1.0.0"}'
        )
    rows = here(tmp_path).look(acme)["rows"]
    found = [row["where"] for row in rows if row["what"].startswith(("wheel", "package", "npm package"))]
    assert len(found) == 4


def test_an_environments_own_pip_conf_is_read(tmp_path: Path, acme: Authority) -> None:
    """It switches verification off for whoever installs there, and no home shows it."""
    environment = tmp_path / "opt/app"
    (environment / "lib/python3.11/site-packages").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("version = 3.11.2\n")
    (environment / "pip.conf").write_text("[global]\ntrusted-host = pypi.example\n")
    [row] = Machine(str(tmp_path)).rows("pip", acme)
    assert (row["where"], row["what"]) == ("/opt/app/pip.conf", "trusted-host")
    assert "switches verification off" in row["problem"]
