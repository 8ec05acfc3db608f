"""Small packages of each language, as their formats write them: named and numbered at will."""

from __future__ import annotations

import hashlib
import json
import re

from builder import formats
from builder.model import File
from builder.repositories.entry import Released
from tests.unit.formats.packages import EPOCH, package

_GEM = """\
--- !ruby/object:Gem::Specification
name: {name}
version: !ruby/object:Gem::Version
  version: '{version}'
platform: {platform}
date: 2026-11-24 00:00:00.000000000 Z
required_ruby_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: "2.7"
"""
_FORMULA = """\
class {camel} < Formula
  url "{url}/{name}-{version}.tar.gz"
  sha256 "{source}"

  bottle do
    root_url "{url}"
    sha256 cellar: :any_skip_relocation, all: "{bottle}"
  end
end
"""


def _released(release: str, filename: str, container: str, *files: File) -> Released:
    data = formats.write(package(container, *files))
    return Released(release, filename, data, hashlib.sha256(data).hexdigest(), EPOCH)


def wheel(release: str, *, name: str = "acme-certifi", more: str = "Requires-Python: >=3.9\n") -> Released:
    """Return a wheel."""
    module, version = re.sub(r"[^a-z0-9]+", "_", name), f"1.{release}"
    folder = f"{module}-{version}.dist-info"
    return _released(
        release,
        f"{module}-{version}-py3-none-any.whl",
        "wheel",
        File(
            f"{folder}/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{more}".encode()
        ),
        File(f"{folder}/WHEEL", b"Wheel-Version: 1.0\n"),
    )


def npm(release: str, *, name: str = "@acme/ca", version: str = "") -> Released:
    """Return an npm package."""
    fields = {"name": name, "version": version or f"1.{release}.0", "dist": "not ours", "bin": "./cli.js"}
    described = File("package/package.json", json.dumps(fields).encode())
    return _released(release, f"acme-ca-1.{release}.0.tgz", "tar", described, File("package/cli.js", b"1\n"))


def gem(release: str, *, name: str = "acme-ca", version: str = "", platform: str = "ruby") -> Released:
    """Return a gem."""
    version = version or f"1.{release}"
    text = _GEM.format(name=name, version=version, platform=platform)
    return _released(release, f"{name}-{version}.gem", "gem", File("metadata", text.encode()))


def formula(release: str, *, name: str = "acme-ca-certs", url: str = "https://pki.acme.example") -> Released:
    """Return a formula with its archives beside it."""
    archives = (
        (f"{name}-{release}.tar.gz", f"source {release}".encode()),
        (f"{name}-{release}.all.bottle.tar.gz", f"bottle {release}".encode()),
    )
    source, bottle = (hashlib.sha256(data).hexdigest() for _, data in archives)
    camel = "".join(word.capitalize() for word in name.split("-"))
    text = _FORMULA.format(camel=camel, name=name, version=release, url=url, source=source, bottle=bottle)
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    return Released(release, f"{name}-{release}.rb", data, digest, EPOCH, archives)


def pem(release: str) -> Released:
    """Return a bundle in PEM."""
    data = f"-----BEGIN CERTIFICATE-----\n{release}\n".encode()
    return Released(release, f"acme-ca-certs-{release}.pem", data, hashlib.sha256(data).hexdigest(), EPOCH)
