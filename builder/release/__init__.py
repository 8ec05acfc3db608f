"""A finished release: the manifest that describes it, the folder that holds it, and the one atomic write."""
