"""What a recipe says about the linters of its ecosystem: which tags remain, each with its reason."""

from __future__ import annotations

from pathlib import Path

import yaml

_RECIPES = Path(__file__).parents[2] / "recipes"


def explained(target: str, linter: str) -> set[str]:
    """Return the tags of `linter` that the recipe of `target` explains; each must have a reason."""
    recipe = yaml.safe_load((_RECIPES / f"{target}.yaml").read_text("utf-8"))
    tags = recipe.get("tags", {}).get(linter, {})
    assert all(isinstance(reason, str) and len(reason) > 20 for reason in tags.values()), tags
    return set(tags)
