//go:build own

package main

import _ "aaa.example/own"
