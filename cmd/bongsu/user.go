package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bongsu/facility"
	"bongsu/ui"
)

// accounts is the node's file of accounts; the desk notices when it changes. Where several sites share their accounts a
// change goes through all of them, and is refused where no majority answers.
type accounts struct{ data string }

func (a *accounts) open() (*ui.Users, error) {
	if err := os.MkdirAll(filepath.Join(a.data, "desk"), 0o750); err != nil {
		return nil, fmt.Errorf("make the desk's folder: %w", err)
	}
	return ui.OpenUsers(filepath.Join(a.data, "desk", "users.json"), false)
}

func userCommand() *cobra.Command {
	a := &accounts{}
	cmd := &cobra.Command{Use: "user", Short: "Manage the console's accounts"}
	cmd.PersistentFlags().StringVar(&a.data, "data", "var/data", "the node's data folder")
	password := a.command("password NAME", "Set a new password; it is the first line of standard input", 1, func(cmd *cobra.Command, users *ui.Users, args []string) error {
		p, err := readPassword(cmd.InOrStdin())
		if err != nil {
			return err
		}
		return users.By("").SetPassword(args[0], p)
	})
	remove := a.command("remove NAME", "Remove an account", 1, func(_ *cobra.Command, users *ui.Users, args []string) error {
		return users.By("").Remove(args[0])
	})
	disable := a.command("disable NAME", "Keep an account from logging in; its name and history stay", 1, func(_ *cobra.Command, users *ui.Users, args []string) error {
		return users.By("").SetDisabled(args[0], true)
	})
	enable := a.command("enable NAME", "Let a disabled account log in again", 1, func(_ *cobra.Command, users *ui.Users, args []string) error {
		return users.By("").SetDisabled(args[0], false)
	})
	factor := a.command("factor-remove NAME", "Take the second factor from an account whose phone is lost", 1, func(_ *cobra.Command, users *ui.Users, args []string) error {
		return users.By("").RemoveFactor(args[0])
	})
	token := a.command("token NAME LABEL", "Make an API token for an account and print it once", 2, func(cmd *cobra.Command, users *ui.Users, args []string) error {
		t, err := users.By("").AddToken(args[0], args[1])
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), t)
		return nil
	})
	list := a.command("list", "List the accounts", 0, func(cmd *cobra.Command, users *ui.Users, _ []string) error {
		for _, u := range users.List() {
			var state []string
			if u.Disabled {
				state = append(state, "disabled")
			}
			if u.Factor {
				state = append(state, "second factor")
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\n", u.User, strings.Join(u.Roles, " "), strings.Join(state, ", "))
		}
		return nil
	})
	cmd.AddCommand(a.add(), password, remove, disable, enable, factor, token, list)
	return cmd
}

// command is one act on the accounts.
func (a *accounts) command(use, short string, args int, act func(*cobra.Command, *ui.Users, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(args), RunE: func(cmd *cobra.Command, args []string) error {
		users, err := a.open()
		if err != nil {
			return err
		}
		done, err := reachIdentity(a.data, users, logger("user"))
		if err != nil {
			return err
		}
		defer done()
		return act(cmd, users, args)
	}}
}

func (a *accounts) add() *cobra.Command {
	var roles []string
	var ko, en string
	cmd := a.command("add NAME", "Add an account; the password is the first line of standard input", 1, func(cmd *cobra.Command, users *ui.Users, args []string) error {
		password, err := readPassword(cmd.InOrStdin())
		if err != nil {
			return err
		}
		return users.By("").Add(args[0], facility.Text{KO: ko, EN: en}, roles, password)
	})
	cmd.Flags().StringSliceVar(&roles, "role", nil, "a role, may be repeated (required)")
	cmd.Flags().StringVar(&ko, "ko", "", "the person's name in Korean")
	cmd.Flags().StringVar(&en, "en", "", "the person's name in English")
	_ = cmd.MarkFlagRequired("role")
	return cmd
}

func readPassword(in io.Reader) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("the password is the first line of standard input and must not be empty")
	}
	return line, nil
}
