"""cosign, which has none of our code, verifies a release's envelope by the line that the guide has."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import golang
from tests.cli.conftest import PROGRAM
from tests.docs.blocks import blocks
from tests.tools import NO_HOME

MODULE = Path(__file__).parent / "cosign"
BUNDLE = Path(__file__).parents[1] / "docs" / "bundle"
CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [deb, rpm]\nrelease: 20261128\n"


@pytest.fixture(scope="module")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile it."""
    package = "github.com/sigstore/cosign/v3/cmd/cosign"
    program = tmp_path_factory.mktemp("cosign") / "cosign"
    return golang.build(golang.compiler(MODULE), MODULE, package, program)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a release was attested and signed."""
    made = tmp_path_factory.mktemp("release")
    shutil.copy(BUNDLE / "roots.pem", made)
    (made / "trustpack.yaml").write_text(CONFIG)
    for line in ("build --quiet", "attest", "keys new", "sign dist"):
        command = [str(PROGRAM), *line.split()]
        subprocess.run(command, cwd=made, env={"HOME": NO_HOME}, check=True, capture_output=True)
    return made


def _said(cosign: Path, folder: Path, file: str) -> str:
    """Return what cosign says of a file of the release, asked by the guide's line."""
    (line,) = [one.text for one in blocks("provenance") if one.text.startswith("cosign ")]
    words = shlex.split(line.replace("\\\n", " "))
    envelope = "dist/acme-20261128.intoto.dsse.json"
    keyid = (folder / envelope).read_text().partition('"keyid": "')[2][:8]
    places = {
        "cosign": str(cosign),
        "acme-1a2b3c4d.statement.pub": f"keys/acme-{keyid}.statement.pub",
        "acme-20261128.intoto.dsse.json": envelope,
        "acme-ca-certs_20261128_all.deb": file,
    }
    assert {*places} <= {*words}
    command = [places.get(word, word) for word in words]
    done = subprocess.run(
        command, cwd=folder, env={"HOME": str(folder)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is ("Verified OK" in done.stderr), done.stderr
    return done.stderr


@pytest.mark.long
def test_cosign_verifies_each_file_and_no_other(cosign: Path, folder: Path) -> None:
    """A package that was signed since, too; of one changed byte it says that it is not meant."""
    for file in ("acme-ca-certs_20261128_all.deb", "acme-ca-certs-20261128-1.noarch.rpm"):
        assert "Verified OK" in _said(cosign, folder, f"dist/{file}")
        data = (folder / "dist" / file).read_bytes()
        (folder / file).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert "no matching subject digest found" in _said(cosign, folder, file)
