//go:build tools

// Package tools names what tests/test_workflows.py compiles, so that `go mod tidy` keeps it.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
