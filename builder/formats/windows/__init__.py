"""Windows: certificates as its registry keeps them, and what puts them there."""
