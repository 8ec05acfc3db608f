//go:build tools

// Package tools names the program, so that go.mod keeps it.
package tools

import _ "honnef.co/go/tools/cmd/staticcheck"
