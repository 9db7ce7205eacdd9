package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bongsu/rules/fire"
)

func fireEvalCommand() *cobra.Command {
	invariants := false
	cmd := &cobra.Command{
		Use:   "fire-eval FILE",
		Short: "Run fire response cases through the production engine, one JSON line a case",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("read the cases: %w", err)
			}
			defer func() { _ = f.Close() }()
			eval := fire.EvalFile
			if invariants {
				eval = fire.EvalWatched
			}
			failed, err := eval(f, cmd.OutOrStdout())
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if failed > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d cases failed\n", failed)
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&invariants, "invariants", false, "also judge every tick by the invariants of the response (docs/fire.md)")
	return cmd
}
