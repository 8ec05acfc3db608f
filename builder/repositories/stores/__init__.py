"""Where a site is published: a folder, or a bucket; and where one is read from."""
