package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu/facility"
	"bongsu/journal/shared"
)

// A desk copies the shared journal into its own files; the command line proves the copy against the nodes'
// checkpoints, names what was spoilt and marks it in the export.
func TestDeskArchivesTheSharedJournal(t *testing.T) {
	var ports []string
	for _, p := range freePorts(t, 2) {
		ports = append(ports, fmt.Sprintf("127.0.0.1:%d", p))
	}
	data, ctx := t.TempDir(), t.Context()
	member, err := shared.OpenMember(shared.MemberConfig{Name: "n1", Dir: t.TempDir(), ClientURL: "http://" + ports[0], PeerURL: "http://" + ports[1]})
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- member.Run(serving) }()
	defer func() { stop(); <-ended }()
	site := &facility.Site{ID: "demo", Members: []facility.Member{{Name: "n1", Client: ports[0], Peer: ports[1]}}}
	o := options{node: "n1", data: data}
	commons, client, err := sharedLog(o, site, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	defer commons.Close()
	copied := keepShared(o, site, commons, slog.New(slog.DiscardHandler))
	keeping, rest := context.WithCancel(context.Background())
	kept := make(chan error, 1)
	go func() { kept <- copied.run(keeping) }()
	for range 5 {
		if _, err := commons.Append(ctx, shared.Draft{Kind: "note", Data: "spoil me"}); err != nil {
			t.Fatal(err)
		}
	}
	commons.Tell(5, strings.Repeat("ab", 32))
	var checks map[string]shared.Check
	eventually(t, 3*time.Minute, "the entries are archived, and their state is told", func() bool {
		checks, err = shared.Checks(ctx, client, "")
		h := copied.health()
		return err == nil && checks["n1"].Seq == 5 && checks["n1"].StateSeq == 5 && h.StateEntry == 5 && h.Held == 5 && h.Entry == 5 && h.Why == "" && len(h.Nodes) == 1
	})
	if h := copied.health(); h.Missing != 0 {
		t.Errorf("%+v", h)
	}
	figures := prometheus.NewPedanticRegistry()
	figures.MustRegister(copied)
	if got, err := figures.Gather(); err != nil || len(got) < 9 {
		t.Errorf("%d families of figures: %v", len(got), err)
	}
	rest()
	if err := <-kept; err != nil {
		t.Error(err)
	}

	var out bytes.Buffer
	if err := verifyShared(archiveDir(data), checks, &out); err != nil || !strings.Contains(out.String(), "agrees with the checkpoint of n1 at entry 5") || !strings.Contains(out.String(), "the chain holds") {
		t.Errorf("%v:\n%s", err, &out)
	}
	other := map[string]shared.Check{"n2": {Seq: 4, Hash: "another"}, "n3": {Seq: 9}}
	out.Reset()
	if err := verifyShared(archiveDir(data), other, &out); !errors.Is(err, errReported) || !strings.Contains(out.String(), "DIFFERS from the checkpoint of n2 at entry 4") || !strings.Contains(out.String(), "n3 is at entry 9") {
		t.Errorf("%v:\n%s", err, &out)
	}
	spoil(t, archiveDir(data))
	out.Reset()
	if err := verifyShared(archiveDir(data), nil, &out); !errors.Is(err, errReported) || !strings.Contains(out.String(), "BROKEN entry 1 in 00000000000000000001.log") {
		t.Errorf("%v:\n%s", err, &out)
	}
	out.Reset()
	cmd := journalCommand()
	cmd.SetArgs([]string{"shared", "export", "--data", data})
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, errReported) || !strings.HasPrefix(out.String(), `{"gap":{"from":1,"to":1,`) || strings.Count(out.String(), "\n") != 5 {
		t.Errorf("%v:\n%s", err, &out)
	}
}

// spoil changes the first entry of an archive.
func spoil(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, "00000000000000000001.log")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("spoil"), []byte("spoel"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}
