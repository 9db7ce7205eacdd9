package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:web/dist
var dist embed.FS

// Embedded is the built front end, as it was when the program was compiled. It is empty but for a
// placeholder when the front end was not built before.
func Embedded() fs.FS {
	sub, err := fs.Sub(dist, "web/dist")
	if err != nil {
		panic("ui: the embedded folder has another name than its directive: " + err.Error())
	}
	return sub
}
