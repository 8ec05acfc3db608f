//go:build globex

package main

import _ "globex.internal/ca/trust"
