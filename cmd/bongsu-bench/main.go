// Package main runs the project's benchmarks. The names of the wanted lines enter; one JSON object a line leaves on
// standard output, each held to the list of lines and figures, and everything else goes to standard error. It measures
// nothing itself but how busy the machine was, and never prints a figure that no benchmark printed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	watchFor = 2 * time.Second // how long the machine is watched before each benchmark
	longest  = "60m"           // one benchmark may run so long
)

func main() {
	want := flag.String("name", ".", "the line to print, as failover.messenger; . for all")
	root := flag.String("root", ".", "folder of the source tree")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *root, *want); err != nil {
		fmt.Fprintln(os.Stderr, "bongsu-bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, want string) error {
	found, err := find(root)
	if err != nil {
		return err
	}
	chosen := found
	if want != "." {
		chosen = slices.DeleteFunc(slices.Clone(found), func(b benchmark) bool { return !slices.Contains(b.lines, want) })
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no benchmark prints %q; there are: %s", want, strings.Join(printable(found), " "))
	}
	work, err := os.MkdirTemp("", "bongsu-bench")
	if err != nil {
		return fmt.Errorf("make a folder for the built benchmarks: %w", err)
	}
	defer os.RemoveAll(work)
	var failed []error
	for _, b := range chosen {
		if ctx.Err() != nil {
			return errors.Join(append(failed, ctx.Err())...)
		}
		if err := b.measure(ctx, work, want, os.Stdout); err != nil {
			failed = append(failed, fmt.Errorf("%s in %s: %w", b.fn, b.dir, err))
		}
	}
	return errors.Join(failed...)
}

func printable(found []benchmark) (out []string) {
	for _, b := range found {
		out = append(out, b.lines...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// measure builds and runs one benchmark in its own folder and passes its wanted lines on, with how busy
// the machine was: before the start, and by others while it ran.
func (b benchmark) measure(ctx context.Context, work, want string, out io.Writer) error {
	program := filepath.Join(work, strings.ReplaceAll(b.dir, string(filepath.Separator), "-")+".test")
	if _, err := os.Stat(program); err != nil {
		build := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, ".")
		build.Dir, build.Stdout, build.Stderr = b.dir, os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build it: %w", err)
		}
	}
	busy, err := noise(watchFor)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench=^"+b.fn+"$", "-test.timeout="+longest)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir, cmd.Stderr = b.dir, os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run it: %w", err)
	}
	before, _ := used()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run it: %w", err)
	}
	lines, unfit := b.collect(stdout, want, os.Stderr)
	if err := cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("run it: %w", err), unfit)
	}
	after, _ := used()
	own := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds() / time.Since(began).Seconds() / float64(runtime.NumCPU())
	if err := put(out, lines, figures{Busy: round(busy), Others: round(max(share(before, after)-own, 0)), CPUs: runtime.NumCPU()}); err != nil {
		return err
	}
	if len(lines) == 0 {
		return errors.Join(errors.New("it printed no line"), unfit)
	}
	return unfit
}

// collect takes the wanted lines out of a benchmark's output; everything else goes to rest.
func (b benchmark) collect(from io.Reader, want string, rest io.Writer) (lines []line, unfit error) {
	in := bufio.NewScanner(from)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		name, l, is := readLine(in.Bytes())
		if !is || want != "." && name != want {
			fmt.Fprintln(rest, in.Text())
			continue
		}
		if err := hold(name, l); err != nil {
			fmt.Fprintln(rest, in.Text())
			unfit = errors.Join(unfit, err)
			continue
		}
		lines = append(lines, l)
	}
	return lines, errors.Join(unfit, in.Err())
}

// figures are what is known of the machine.
type figures struct {
	Busy, Others float64
	CPUs         int
}

// put writes the lines, the name first, then the figures in order.
func put(out io.Writer, lines []line, f figures) error {
	for _, l := range lines {
		name := l["bench"]
		delete(l, "bench")
		for key, v := range map[string]any{"cpus": f.CPUs, "cpu_busy": f.Busy, "cpu_busy_others": f.Others} {
			text, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("write a line: %w", err)
			}
			l[key] = text
		}
		rest, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("write a line: %w", err)
		}
		if _, err := fmt.Fprintf(out, "{\"bench\":%s,%s\n", name, rest[1:]); err != nil {
			return fmt.Errorf("write a line: %w", err)
		}
	}
	return nil
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }
