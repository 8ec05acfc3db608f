#!/bin/sh
# What the tools of dev containers run as root in the container, while its image is built.
set -eu
sh "$(dirname "$0")/trust.sh"
