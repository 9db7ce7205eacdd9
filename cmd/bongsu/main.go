// Command bongsu is the whole system in one binary: the supervisor and its field and desk processes,
// and the tools for site files, fire cases, the journal and user accounts.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is stamped in by the build.
var version = "dev"

// errReported marks a failure whose text is already on the screen.
var errReported = errors.New("already reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := command().ExecuteContext(ctx)
	if errors.Is(err, errHandOver) {
		os.Exit(handOverCode)
	}
	if err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "bongsu:", err)
		}
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "bongsu",
		Short:         "Data-center infrastructure management and business continuity",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.AddCommand(
		process("field", "The field process: collectors, rules, commands, local journal and spool", runField),
		memberCommand(),
		process("desk", "The desk process: history and console, fed by the field's logs", runDesk),
	)
	root.AddCommand(runCommand(), collectCommand(), checkCommand(), exportCommand(), importCommand(), fireEvalCommand(),
		replayCommand(), journalCommand(), userCommand(), pkiCommand(), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), version) },
	}
}

// logger writes text lines to standard error; the supervisor puts the process's name before them.
func logger(process string) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("process", process)
}
