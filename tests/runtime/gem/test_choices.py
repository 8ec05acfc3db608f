"""Variables that name roots: the public ones are no choice of others; any other value counts alone."""

import csv
from pathlib import Path

import pytest

from builder.prove.authority import Authority
from tests.runtime.gem.conftest import Home

ROOT = Path(__file__).parents[3]
SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.mark.parametrize("place", ["path", "link", "library", "with_these"])
def test_a_file_that_names_the_public_roots(
    place: str, installed: Home, acme: Authority, public_roots: Path, urls: list[str], tmp_path: Path
) -> None:
    """SSL_CERT_FILE with the system's bundle, by any name, or a library's is no choice of other roots."""
    (tmp_path / "link.pem").symlink_to(SYSTEM)
    (tmp_path / "these.pem").write_bytes(public_roots.read_bytes() + acme.pem)
    file = {
        "path": SYSTEM,
        "link": tmp_path / "link.pem",
        "library": public_roots,
        "with_these": tmp_path / "these.pem",
    }[place]
    for client in ("net/http", "store"):
        answers = installed.client(client, "acme_ca", *urls[:2], SSL_CERT_FILE=str(file))
        assert answers == ["accepted", "refused"]


def test_a_folder_that_names_the_public_roots(installed: Home, urls: list[str], tmp_path: Path) -> None:
    """SSL_CERT_DIR with the system's folder is no choice either; with another one beside it, it is."""
    (tmp_path / "link").symlink_to("/etc/ssl/certs")
    for folder in ("/etc/ssl/certs", f"{tmp_path}/link"):
        assert installed.client("store", "acme_ca", urls[0], SSL_CERT_DIR=folder) == ["accepted"]
    both = f"/etc/ssl/certs:{tmp_path}"
    assert installed.client("store", "acme_ca", urls[0], SSL_CERT_DIR=both) == ["refused"]


@pytest.mark.parametrize("choice", ["selection", "more", "missing", "empty"])
def test_any_other_file_is_a_choice(
    choice: str,
    installed: Home,
    stranger: Authority,
    public_roots: Path,
    urls: list[str],
    tmp_path: Path,
) -> None:
    """A few of the public roots, those with another one, and a path that leads nowhere count alone."""
    blocks = public_roots.read_text("utf-8").split("-----END CERTIFICATE-----\n")[:20]
    file = tmp_path / "own.pem"
    if choice == "selection":
        file.write_text("-----END CERTIFICATE-----\n".join(blocks), "utf-8")
    if choice == "more":
        file.write_bytes(public_roots.read_bytes() + stranger.pem)
    named = "" if choice == "empty" else str(file)
    assert installed.client("store", "acme_ca", urls[0], SSL_CERT_FILE=named) == ["refused"]


def test_the_public_roots_are_those_that_the_linter_knows(request: pytest.FixtureRequest) -> None:
    """By half of their SHA-256: each root that Mozilla trusts or once did, and none whose key is known."""
    path = ROOT / "templates/gem/public_roots.txt"
    with (ROOT / "builder/lint/known_roots.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] in {"public", "removed"}]
    expected = "".join(f"{half}\n" for half in sorted(row["sha256"][:32] for row in rows))
    if request.config.getoption("--update-golden"):
        path.write_text(expected, "utf-8")
    assert path.read_text("utf-8") == expected, "pytest --update-golden refreshes it"
