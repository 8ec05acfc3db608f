"""The heart: a project (configuration, clock, environment) is accepted (loaded, linted, locked) and built."""
