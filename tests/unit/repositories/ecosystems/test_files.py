"""Plain downloads, and their digests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.repositories.content_types import content_type
from builder.repositories.ecosystems import files
from builder.repositories.entry import Released
from tests import site_keys
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.libraries import pem

if TYPE_CHECKING:
    from builder.repositories.shelf import Shelf

RELEASES = ("2026.10", "2026.11")


def _shelf() -> Shelf:
    return shelves.shelf(files, *map(pem, RELEASES))


def test_each_file_has_its_digest() -> None:
    """As `sha256sum --check` reads them; one that is withdrawn is not among them."""
    lines = [f"{hashlib.sha256(pem(one).data).hexdigest()}  acme-ca-certs-{one}.pem\n" for one in RELEASES]
    assert shelves.indexes(files, _shelf())["files/SHA256SUMS"].decode() == "".join(lines)
    withdrawn = shelves.indexes(files, shelves.withdrawn(_shelf(), "2026.10"))
    assert withdrawn["files/SHA256SUMS"].decode() == lines[1]


def test_the_digests_are_signed() -> None:
    """Where the site has keys; the lines say so."""
    keys = site_keys.keyring(1)
    signed = shelves.indexes(files, _shelf(), keys)
    sums = signed["files/SHA256SUMS"]
    assert signed["files/SHA256SUMS.asc"] == keys.detached(sums, time=shelves.TIME)
    assert "files/SHA256SUMS.asc" not in shelves.indexes(files, _shelf())
    [told] = files.instructions(_shelf(), shelves.publication(keys))
    assert any("SHA256SUMS.asc" in note for note in told.notes)


def test_a_profile_is_offered_beside_the_bundle() -> None:
    """By its address, and removed by its identifier, which is in its name; a browser learns its type."""
    profile = Released("2026.11", "internal.acme.ca-2026.11.mobileconfig", b"<?xml", "", 0)
    shelf = shelves.shelf(files, *map(pem, RELEASES), profile)
    told = {one.id: one for one in files.instructions(shelf, shelves.publication())}
    assert told.keys() == {"mobileconfig", "pem"}
    path = "files/internal.acme.ca-2026.11.mobileconfig"
    assert told["mobileconfig"].install.startswith(f"curl -fsSLO {shelves.URL}/{path}\n")
    assert told["mobileconfig"].remove == "sudo profiles remove -identifier internal.acme.ca\n"
    assert content_type(path) == "application/x-apple-aspen-config"


def test_what_is_for_containers_and_projects_is_offered_beside_the_bundle() -> None:
    """The image's archive, for a registry; the ConfigMap by its address; the snippets, to be unpacked."""
    others = [
        Released("2026.11", name, b"x", "", 0)
        for name in (
            "acme-ca-2026.11.oci.tar",
            "acme-ca-clustertrustbundle-2026.11.yaml",
            "acme-ca-configmap-2026.11.yaml",
            "acme-ca-kustomization-2026.11.tar.gz",
            "acme-ca-snippets-2026.11.tar.gz",
            "acme-ca-trust-manager-2026.11.yaml",
        )
    ]
    shelf = shelves.shelf(files, *map(pem, RELEASES), *others)
    told = {one.id: one for one in files.instructions(shelf, shelves.publication())}
    assert told.keys() == {"oci", "kubernetes", "snippets", "pem"}
    assert told["oci"].install.splitlines()[-1] == (
        "skopeo copy --all --preserve-digests oci-archive:acme-ca-2026.11.oci.tar "
        "docker://registry.internal/acme-ca:2026.11"
    )
    address = f"{shelves.URL}/files/acme-ca-configmap-2026.11.yaml"
    assert told["kubernetes"].install == f"kubectl apply -f {address}\n"
    assert told["kubernetes"].remove == "kubectl delete configmap acme-ca\n"
    archive = "acme-ca-snippets-2026.11.tar.gz"
    assert told["snippets"].install.splitlines()[0] == f"curl -fsSLO {shelves.URL}/files/{archive}"
    assert told["snippets"].install.splitlines()[-1] == f"tar -xzf {archive}"
    assert told["snippets"].verify == "openssl storeutl -noout -certs acme-ca-2026.11/roots.pem\n"
    assert content_type(address) == "application/yaml"


def test_a_file_is_offered_by_its_address() -> None:
    """The newest one's."""
    [told] = files.instructions(_shelf(), shelves.publication())
    assert told.install.startswith(f"curl -fsSLO {shelves.URL}/files/acme-ca-certs-2026.11.pem\n")
    assert [one.name for one in _shelf().entries] == ["acme-ca-certs", "acme-ca-certs"]
    assert list(files.instructions(shelves.shelf(files), shelves.publication())) == []
