package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// turnsDir is where the field notes the turns of its rules, beside its journal and its spool.
const turnsDir = "turns"

// replayOptions are what a person asks of a replay.
type replayOptions struct {
	sites   []string
	whatIf  string
	from    string
	to      string
	format  string
	lang    string
	against string
	seen    bool
}

func replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay FILE|FOLDER",
		Short: "Run recorded samples through the rules again and compare what they decide",
		Long: "Run recorded samples through the same rules again: a node's data folder (its spool and its journal, also while the\n" +
			"node runs), or a list of samples (CSV: time,point,value,quality,reason). Prints what is decided, and whether it is\n" +
			"byte for byte what was decided then. With --what-if, also what another configuration would have decided.\n" +
			"Ends with 1 where the decisions differ from the journal's.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplay(args[0], o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringArrayVar(&o.sites, "site", nil, "site file it was recorded with; may be given several times, for a recording that saw a reload (default: what the node kept)")
	cmd.Flags().StringVar(&o.whatIf, "what-if", "", "another site file: print what it would have decided differently")
	cmd.Flags().StringVar(&o.from, "from", "", "show decisions from this time on (RFC 3339)")
	cmd.Flags().StringVar(&o.to, "to", "", "end at this time (RFC 3339)")
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json (one object a line)")
	cmd.Flags().StringVar(&o.lang, "lang", "en", "language of the text: en or ko")
	cmd.Flags().StringVar(&o.against, "against", "", "journal folder to compare with (default: the data folder's own)")
	cmd.Flags().BoolVar(&o.seen, "by-seen", false, "take the samples' own times even where the recorded turns are known")
	return cmd
}

// replaySource is where a replay reads from and by which site.
type replaySource struct {
	rec   rules.Recording
	sites []*facility.Site
}

func runReplay(path string, o replayOptions, out, said io.Writer) error {
	from, to, err := o.times()
	if err != nil {
		return err
	}
	src, err := openReplay(path, o, said)
	if err != nil {
		return err
	}
	r := rules.Replay{Recording: src.rec, Sites: src.sites, To: to}
	was, is := rules.NewHappenings(), rules.NewHappenings()
	if o.whatIf != "" {
		if r.WhatIf, err = replaySite(o.whatIf, said); err != nil {
			return err
		}
	}
	show := shower{out: out, format: o.format, lang: o.lang}
	r.Decided = func(whatIf bool, d rules.Decision) {
		if d.At.Before(from) {
			return
		}
		if whatIf {
			is.Take(d)
			return
		}
		was.Take(d)
		show.decision(d)
	}
	began := time.Now()
	report, err := r.Run()
	if err != nil {
		return fmt.Errorf("replay %s: %w", path, err)
	}
	if report.Turns == 0 {
		return fmt.Errorf("replay %s: there is nothing to replay in it between the times asked for", path)
	}
	show.summary(summaryOf(report, time.Since(began)))
	if o.whatIf != "" {
		show.difference(rules.Compare(was, is))
	}
	if show.err != nil {
		return fmt.Errorf("print the replay: %w", show.err)
	}
	if report.Judged && !report.Identical {
		return errReported
	}
	return nil
}

func (o replayOptions) times() (from, to time.Time, err error) {
	var faults []error
	parse := func(name, text string) (t time.Time) {
		if text == "" {
			return t
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			faults = append(faults, fmt.Errorf("--%s %q: want a time like 2026-11-22T10:00:00Z", name, text))
		}
		return t
	}
	from, to = parse("from", o.from), parse("to", o.to)
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		faults = append(faults, errors.New("--from is not before --to"))
	}
	if o.format != "text" && o.format != "json" {
		faults = append(faults, fmt.Errorf("--format %q: want text or json", o.format))
	}
	if o.lang != "en" && o.lang != "ko" {
		faults = append(faults, fmt.Errorf("--lang %q: want en or ko", o.lang))
	}
	return from, to, errors.Join(faults...)
}

func openReplay(path string, o replayOptions, said io.Writer) (replaySource, error) {
	var src replaySource
	for _, file := range o.sites {
		site, err := replaySite(file, said)
		if err != nil {
			return src, err
		}
		src.sites = append(src.sites, site)
	}
	info, err := os.Stat(path)
	if err != nil {
		return src, fmt.Errorf("open the recording: %w", err)
	}
	if o.against != "" {
		src.rec.Journal = journalOf(o.against)
	}
	if !info.IsDir() {
		if len(src.sites) == 0 {
			return src, errors.New("a list of samples does not say of which site they are: give --site FILE")
		}
		list, err := openSampleList(path, said)
		src.rec.Samples = list
		return src, err
	}
	return src, src.folder(path, o.seen)
}

// folder finds the recording in a node's data folder, or in its field folder.
func (src *replaySource) folder(path string, seen bool) error {
	field := filepath.Join(path, "field")
	if _, err := os.Stat(field); err != nil {
		field = path
	}
	spool := filepath.Join(field, "spool")
	if _, err := os.Stat(spool); err != nil {
		return fmt.Errorf("%s is no data folder of a node: there is no spool in it (%w)", path, err)
	}
	src.rec.Samples = func(fn func(journal.Batch) error) (journal.Past, error) { return journal.ReadSpool(spool, fn) }
	if book := filepath.Join(field, "journal"); src.rec.Journal == nil && isFolder(book) {
		src.rec.Journal = journalOf(book)
	}
	src.rec.Bands = keptBands(filepath.Join(field, bandsDir)).get
	if turns := filepath.Join(field, turnsDir); !seen && isFolder(turns) {
		src.rec.Turns = func(fn func([]byte) error) (journal.Past, error) { return journal.ReadTrail(turns, fn) }
	}
	if len(src.sites) > 0 {
		return nil
	}
	site, err := readKept(filepath.Join(field, keptFile))
	if err != nil {
		return fmt.Errorf("the folder does not say which site it was recorded with; give --site FILE: %w", err)
	}
	src.sites = []*facility.Site{site}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func journalOf(dir string) func(fn func(journal.Entry) error) error {
	return func(fn func(journal.Entry) error) error { return journal.Read(dir, 0, fn) }
}

func readKept(path string) (*facility.Site, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing", path)
	}
	if err != nil {
		return nil, err
	}
	var b facility.Bundle
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b.Load()
}

// replaySite loads a site and prints all its faults.
func replaySite(file string, said io.Writer) (*facility.Site, error) {
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		fmt.Fprintln(said, err)
		return nil, errReported
	}
	return site, nil
}
