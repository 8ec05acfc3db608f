"""A release goes to registries: by each ecosystem's own client, or one HTTP request a file."""
