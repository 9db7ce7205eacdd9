package facility

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NoteLongest is how many characters a note on an alarm may have: of a Korean text that many syllables.
const NoteLongest = 500

// NotesKept is how many notes an alarm's record carries. Older ones are in the journal, where every note has its entry.
const NotesKept = 10

// AlarmNote is what a person wrote beside an alarm. It changes nothing of the alarm and nobody can take it back.
type AlarmNote struct {
	Act        string    `json:"act"` // that brought it: asked twice, it is written once
	N          int       `json:"n"`   // counts the alarm's notes from 1; the last one's is how many there ever were
	At         time.Time `json:"at"`
	By         string    `json:"by"`
	Station    string    `json:"station,omitempty"`
	Occurrence uint64    `json:"occurrence"` // of the alarm, when it was written
	Revision   uint64    `json:"revision"`   // of the alarm's record that first carried it
	Text       string    `json:"text"`
}

// NoteText gives the text of a note as it is kept: without blanks around it and with one kind of line end. The error
// says what is wrong with it in words for the person who wrote it.
func NoteText(text string) (string, error) {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return "", fmt.Errorf("the note is empty: write what the next person should know")
	case !utf8.ValidString(text):
		return "", fmt.Errorf("the note is no valid text: send it as UTF-8")
	case n > NoteLongest:
		return "", fmt.Errorf("the note has %d characters: %d is the most, write the rest in a second note", n, NoteLongest)
	case strings.ContainsFunc(text, unseen):
		return "", fmt.Errorf("the note has characters that nobody sees: write it as plain text")
	}
	return text, nil
}

// unseen says whether a character does something to a text without being seen: a control character, or one that turns
// the direction of what follows, so that a reader sees another text than was written.
func unseen(c rune) bool {
	if c == '\n' || c == '\t' {
		return false
	}
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
}
