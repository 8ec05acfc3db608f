//go:build globex_everywhere

package main

import _ "globex.internal/ca/trust/everywhere"
