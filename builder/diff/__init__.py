"""What any input holds (bundle, lock, release, package), and how two of them differ."""
