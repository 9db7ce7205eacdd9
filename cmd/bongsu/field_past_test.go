package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// bookOf opens a node's journal as a field does, writes to it, and leaves it open but not running.
func bookOf(t *testing.T, o options, drafts ...journal.Draft) *fieldLogs {
	t.Helper()
	dir := filepath.Join(o.fieldDir(), "journal")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	open := func() *journal.Log {
		book, err := journal.Open(dir, journal.Options{Checkpoint: pastFile(o)})
		if err != nil {
			t.Fatal(err)
		}
		return book
	}
	if len(drafts) > 0 {
		book := open()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- book.Run(ctx) }()
		if _, err := book.AppendWithin(time.Minute, drafts...); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	book := open()
	t.Cleanup(func() { _ = book.Close() })
	return &fieldLogs{entries: dir, book: book}
}

func alarmDraft(id string, revision uint64) journal.Draft {
	return journal.Draft{Kind: rules.KindAlarm, Actor: "rules", Subject: id, Data: facility.Alarm{ID: id, Revision: revision}}
}

func keptText(t *testing.T, p *fieldPast) string {
	t.Helper()
	p.Build = ""
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A start takes up the same from the checkpoint and what stands behind it as from the whole journal; a checkpoint of
// another build, and one that cannot be read, count for nothing.
func TestAStartTakesUpTheJournalFromItsCheckpoint(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	o := options{data: t.TempDir()}
	var first, second []journal.Draft
	for i := range 50 {
		first = append(first, alarmDraft(fmt.Sprint("a", i%20), uint64(i)))
		second = append(second, alarmDraft(fmt.Sprint("a", i%30), uint64(100+i)))
	}
	first = append(first, journal.Draft{Kind: kindReload, Actor: "kim", Data: facility.Reload{By: "kim", State: facility.ReloadBegun}})
	logs := bookOf(t, o, first...)
	if n, err := notePast(pastFile(o), logs, 1); n != 51 || err != nil {
		t.Fatal(n, err)
	}
	_ = logs.book.Close()
	logs = bookOf(t, o, second...)
	got, err := readPast(logs, log)
	if err != nil {
		t.Fatal(err)
	}
	want := &fieldPast{}
	read := 0
	if err := journal.Read(logs.entries, 0, func(e journal.Entry) error { read++; return want.add(e) }); err != nil {
		t.Fatal(err)
	}
	if a, b := keptText(t, want), keptText(t, got); a != b || got.Reload == nil || got.Reload.By != "kim" || read != 101 {
		t.Errorf("after %d entries the checkpoint gives\n%s\nand the whole\n%s", read, b, a)
	}
	_ = logs.book.Close()
	for name, text := range map[string]string{"another build": `{"build":"another"}`, "not ours": `[1]`} {
		if _, err := journal.Advance(logs.entries, pastFile(o), logs.book.LastSeq(), 1, func(_ json.RawMessage, each func(func(journal.Entry) error) error) (json.RawMessage, error) {
			return json.RawMessage(text), each(func(journal.Entry) error { return nil })
		}); err != nil {
			t.Fatal(name, err)
		}
		again := bookOf(t, o)
		got, err := readPast(again, log)
		if err != nil || keptText(t, got) != keptText(t, want) {
			t.Errorf("%s: %v", name, err)
		}
		_ = again.book.Close()
		if err := os.Remove(pastFile(o)); err != nil {
			t.Fatal(err)
		}
	}
}

// A flipped bit in the journal does not keep the fire response from coming up: what stands before and behind is taken up.
func TestADamagedJournalIsTakenUpAsFarAsItCanBeRead(t *testing.T) {
	o := options{data: t.TempDir()}
	var drafts []journal.Draft
	for i := range 40 {
		drafts = append(drafts, alarmDraft(fmt.Sprintf("alarm-%02d", i), 1))
	}
	logs := bookOf(t, o, drafts...)
	_ = logs.book.Close()
	file := filepath.Join(logs.entries, "00000000")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("alarm-20"))
	text[at] ^= 4
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	logs = bookOf(t, o)
	past, err := readPast(logs, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("the field does not come up: %v", err)
	}
	var state struct {
		Rules struct{ Alarms []facility.Alarm }
	}
	if err := json.Unmarshal([]byte(keptText(t, past)), &state); err != nil || len(state.Rules.Alarms) != 39 {
		t.Errorf("%d alarms are taken up, %v", len(state.Rules.Alarms), err)
	}
	if _, err := notePast(pastFile(o), logs, 1); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("it gets a checkpoint: %v", err)
	}
}
