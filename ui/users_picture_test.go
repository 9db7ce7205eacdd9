package ui

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The console's tests read a picture with a decoder of their own; that picture is what is made here.
func TestThePictureTheConsoleReadsIsWhatIsMadeHere(t *testing.T) {
	text, err := os.ReadFile("web/e2e/mock-factor.ts")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, row := range regexp.MustCompile(`'([01]{21,})'`).FindAllSubmatch(text, -1) {
		shown = append(shown, string(row[1]))
	}
	made, err := factorPicture(factorURI("Bongsu demo", "tower", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
	if err != nil || !slices.Equal(shown, made) {
		t.Errorf("%d rows are shown, %d made: %v", len(shown), len(made), err)
	}
}
