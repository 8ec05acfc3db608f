//go:build late

package main

import _ "probe/zz"
