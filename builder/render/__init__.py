"""Render: a recipe, a bundle and a release become packages; pure but for reading the recipe's files."""

from builder.render.target import Subject, check_name, commands, package, subject

__all__ = ["Subject", "check_name", "commands", "package", "subject"]
