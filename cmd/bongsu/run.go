package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func runCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run this node: supervises the field and the desk process",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runNode(cmd.Context(), o) },
	}
	o.flags(cmd)
	return cmd
}

// runNode checks the site once, then keeps one child process for each part of the node. A part that
// ends is started again alone: a crash of the desk never touches the field.
func runNode(ctx context.Context, o options) error {
	log := logger("run")
	site, err := loadSite(o.site, log)
	if err != nil {
		return err
	}
	if _, faults := loadContinuity(site); tell(site.Continuity, faults, log) != nil {
		return errReported
	}
	if err := os.MkdirAll(o.data, 0o750); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	release, err := lockData(o.data)
	if err != nil {
		return err
	}
	defer release()
	if err := freeToListen(o.listen); err != nil {
		return err
	}
	fmt.Printf("bongsu %s: site %s, console at http://%s\n", version, site.ID, o.listen)
	if site.Demo {
		fmt.Println("demo accounts (password bongsu-demo): operator lead safety facilities authority authority2 chair member tower admin")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	// They stop in the opposite order: people see the field's last words, and the field stops last.
	children := []string{"field", "desk"}
	if memberOf(site, o.node) != nil {
		children = []string{"field", "member", "desk"}
	}
	parts := newStack(log)
	parts.patience = 2 * stopPatience
	for _, name := range children {
		c := &child{name: name, program: self, args: append([]string{name}, o.args()...), pidFile: filepath.Join(o.data, name+".pid"), log: log}
		parts.start(name, c.run)
	}
	return parts.wait(ctx)
}

// How a child is restarted and stopped.
const (
	restartFirst = 200 * time.Millisecond
	restartMost  = 5 * time.Second
	steadyAfter  = 30 * time.Second // running this long forgives earlier failures
	stopPatience = 10 * time.Second
)

// child keeps one process of the node running.
type child struct {
	name    string
	program string
	args    []string
	pidFile string
	log     *slog.Logger
}

// run starts the process again and again until ctx ends, then stops it.
func (c *child) run(ctx context.Context) error {
	wait := restartFirst
	for {
		began := time.Now()
		err := c.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > steadyAfter {
			wait = restartFirst
		}
		c.log.Error("a process ended and is started again", "child", c.name, "cause", fmt.Sprint(err), "after", time.Since(began).Round(time.Millisecond), "in", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, restartMost)
	}
}

// once runs the process to its end. The pipe on its standard input is its lifeline: when the
// supervisor dies, the pipe closes and the child stops by itself instead of living on unwatched.
func (c *child) once(ctx context.Context) error {
	cmd := exec.Command(c.program, c.args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), lifelineEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches the supervisor alone, which keeps the order
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("make the lifeline: %w", err)
	}
	defer func() { _ = lifeline.Close() }()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := writeWhole(c.pidFile, fmt.Appendf(nil, "%d\n", cmd.Process.Pid)); err != nil {
		c.log.Warn("the process id could not be noted", "child", c.name, "cause", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(stopPatience):
		c.log.Error("a process did not stop in time and is killed", "child", c.name)
		_ = cmd.Process.Kill()
		return <-ended
	}
}

const lifelineEnv = "BONGSU_LIFELINE"

var errSupervisorGone = errors.New("the supervisor is gone")

// withLifeline ends ctx when the supervisor's end of standard input closes.
func withLifeline(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if os.Getenv(lifelineEnv) == "" {
		return ctx, cancel
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(errSupervisorGone)
	}()
	return ctx, cancel
}

// writeWhole replaces a file in one step, so that nobody reads half of it.
func writeWhole(path string, text []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, 0o640); err != nil {
		return err
	}
	return os.Rename(next, path)
}
