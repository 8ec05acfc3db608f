"""A cluster that runs already: reached by TLS alone, and what comes out is what comes out here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from builder.batch.cluster import RemoteScheduler, remote
from builder.errors import ToolError
from tests.batch import folders
from tests.batch.disturbed.cluster import certificates
from tests.batch.disturbed.cluster import cluster as started
from tests.batch.running import trustpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.batch.disturbed.cluster import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a cluster."""
    with started(tmp_path_factory.mktemp("cluster"), workers=1) as found:
        yield found


def test_its_workers_make_what_a_plain_build_makes(cluster: Cluster, tmp_path: Path) -> None:
    """They share no disk with us: what they need comes with the task, and what they make comes back."""
    for slug in ("acme", "other"):
        folders.organisation(tmp_path / "orgs", slug)
    words = ("batch", "build", "orgs", "--out", "out", "--now", folders.NOW)
    done = trustpack(*words, *cluster.options(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, "2 organisations: 2 built, 0 skipped, 0 failed\n", ""
    )  # fmt: skip
    config = tmp_path / "orgs/acme/trustpack.yaml"
    assert trustpack("build", "-q", "--config", config, "--now", folders.NOW, cwd=tmp_path).returncode == 0
    assert folders.state(tmp_path / "dist") == folders.state(tmp_path / "out/acme")


def test_who_has_other_certificates_is_not_let_in(cluster: Cluster, tmp_path: Path) -> None:
    """Neither do we take a scheduler whose certificate another CA has issued."""
    folders.organisation(tmp_path / "orgs", "acme")
    files = certificates(tmp_path)
    done = trustpack("batch", "build", "orgs", "--scheduler", cluster.address, *files, cwd=tmp_path)
    assert done.returncode == 7
    assert done.stderr.startswith(f"error: --scheduler {cluster.address}: cannot be reached: ")


@pytest.mark.parametrize("scheme", ["tcp://", "ucx://", "ws://", ""])
def test_only_tls_is_spoken(tmp_path: Path, scheme: str) -> None:
    """Dask's wire is code: without TLS it would be anybody's."""
    folders.organisation(tmp_path / "orgs", "acme")
    words = ("--scheduler", f"{scheme}127.0.0.1:9", *certificates(tmp_path))
    done = trustpack("batch", "build", "orgs", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        [
            f"error: --scheduler {scheme}127.0.0.1:9: is not tls://",
            "hint: Dask runs the code that it is sent: without TLS, anybody's",
        ],
    )


def test_files_that_let_nobody_in_are_named(tmp_path: Path) -> None:
    """Before the scheduler is asked, by their options."""
    _, ca, _, cert, _, key = certificates(tmp_path)
    (tmp_path / "empty").touch()
    for files, said in (
        ((tmp_path / "none", cert, key), f"--tls-ca-file {tmp_path}/none: cannot be read: No such file"),
        ((tmp_path / "empty", cert, key), f"--tls-ca-file {tmp_path}/empty: holds no certificate in PEM"),
        ((ca, cert, ca), f"--tls-key {ca}: is not the private key of --tls-cert {cert}"),
    ):
        scheduler = RemoteScheduler("tls://127.0.0.1:9", *map(str, files))
        with pytest.raises(ToolError, match=re.escape(said)), remote(scheduler):
            pass


def test_a_scheduler_alone_is_not_enough(tmp_path: Path) -> None:
    """Without certificates nobody is asked."""
    folders.organisation(tmp_path / "orgs", "acme")
    done = trustpack("batch", "build", "orgs", "--scheduler", "tls://127.0.0.1:9", cwd=tmp_path)
    assert done.returncode == 2
    assert "--scheduler: needs --tls-ca-file and --tls-cert and --tls-key, too" in done.stderr
