"""Render: a recipe, a bundle and a release become packages; pure but for reading the recipe's files."""

from builder.render.naming import check_name
from builder.render.target import TargetRelease, commands, package, target_release

__all__ = ["TargetRelease", "check_name", "commands", "package", "target_release"]
