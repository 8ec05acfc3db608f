"""What everybody would read is refused unless trustpack.yaml says that everybody may."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.publish.conftest import Project


def test_a_public_registry_is_refused_unless_declared(project: Project) -> None:
    """Before any request: without an address the public ones are meant, and each wants its own word."""
    project.configure()
    project.build("wheel", "npm", "gem")
    for name in ("pypi", "npm", "rubygems"):
        said, hint = project.error("--to", name, "--dry-run", code=3)
        assert f"publish.public has no {name}" in said
        assert f"publish: {{public: [{name}]}}" in hint
