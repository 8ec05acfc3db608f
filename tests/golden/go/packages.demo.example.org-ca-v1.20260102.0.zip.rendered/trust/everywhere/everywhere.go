// Package everywhere calls [trust.Everywhere] before main begins: import it as _ in a package main.
package everywhere

import (
	"errors"
	"log"

	"packages.demo.example.org/ca/trust"
)

func init() {
	if err := trust.Everywhere(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		log.Print(err)
	}
}
