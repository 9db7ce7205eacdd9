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
	"runtime/debug"
	"sync"
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
	hangup := hangups()
	site, bundle, err := startSite(o, log)
	if err != nil {
		return err
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
	if err := keep(o, bundle); err != nil {
		// A process that is started again must not find what an earlier run kept.
		log.Error("no process can be started again but by the site's files", "cause", errors.Join(err, os.Remove(o.kept())))
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
	debug.FreeOSMemory() // reading a large site takes what this process never needs again
	parts := newStack(log)
	parts.patience = 2 * stopPatience
	var field *child
	for _, name := range children {
		c := &child{name: name, program: self, args: append([]string{name}, o.args()...), pidFile: filepath.Join(o.data, name+".pid"), log: log}
		if name == "field" {
			field, c.takeBack = c, func() bool { return takeBack(o) }
		}
		parts.start(name, c.run)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts.start("signals", func(own context.Context) error { return passOn(own, hangup, field, cancel) })
	return parts.wait(ctx)
}

// passOn has the field reload when this process gets SIGHUP: the field is the judge, and the desk follows it. A
// SIGHUP that says that the terminal is gone ends the node, as it always did.
func passOn(ctx context.Context, hangup <-chan os.Signal, field *child, end func()) error {
	onTerminal := hasTerminal()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
		}
		if onTerminal && !hasTerminal() {
			field.log.Info("the terminal is gone: stopping")
			end()
			<-ctx.Done()
			return nil
		}
		if !field.signal(syscall.SIGHUP) {
			field.log.Warn("asked to reload while the field is not running: it is started with the configuration that was last accepted; ask again")
		}
	}
}

func hasTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}

// How a child is restarted and stopped.
const (
	restartFirst = 200 * time.Millisecond
	restartMost  = 5 * time.Second
	steadyAfter  = 30 * time.Second // running this long forgives earlier failures
	stopPatience = 10 * time.Second

	triesAfterHandOver = 2
)

// child keeps one process of the node running.
type child struct {
	name    string
	program string
	args    []string
	pidFile string
	log     *slog.Logger

	takeBack func() bool // undoes what the former process handed over with; nil for nothing

	mu      sync.Mutex
	process *os.Process // nil while there is none
}

// run starts the process again and again until ctx ends, then stops it.
func (c *child) run(ctx context.Context) error {
	wait, tries := restartFirst, 0
	for {
		began := time.Now()
		err := c.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == handOverCode && time.Since(began) > restartFirst {
			c.log.Info("a process hands over to the next", "child", c.name)
			tries = triesAfterHandOver
			continue
		}
		tries = c.afterHandOver(tries, time.Since(began))
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

// afterHandOver counts the tries that are left for a process that was handed over to, 0 for one that was not. One
// that does not stay up is given up with what it was handed: the checks before it have missed something.
func (c *child) afterHandOver(left int, lived time.Duration) int {
	if left == 0 || lived > steadyAfter {
		return 0
	}
	if left--; left == 0 && c.takeBack != nil && c.takeBack() {
		c.log.Error("the process with the new configuration does not stay up: back to the former configuration", "child", c.name)
	}
	return left
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
	c.hold(cmd.Process)
	defer c.hold(nil)
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

func (c *child) hold(p *os.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process = p
}

// signal sends a signal to the process; false when there is none.
func (c *child) signal(sig os.Signal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process != nil && c.process.Signal(sig) == nil
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
