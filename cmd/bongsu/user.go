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

func userCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: "user", Short: "Manage the console's accounts"}
	cmd.PersistentFlags().StringVar(&data, "data", "var/data", "the node's data folder")
	open := func() (*ui.Users, error) {
		if err := os.MkdirAll(filepath.Join(data, "desk"), 0o750); err != nil {
			return nil, fmt.Errorf("make the desk's folder: %w", err)
		}
		return ui.OpenUsers(filepath.Join(data, "desk", "users.json"), false)
	}
	var roles []string
	var ko, en string
	add := &cobra.Command{
		Use:   "add NAME",
		Short: "Add an account; the password is the first line of standard input",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			users, err := open()
			if err != nil {
				return err
			}
			password, err := readPassword(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return users.Add(args[0], facility.Text{KO: ko, EN: en}, roles, password)
		},
	}
	add.Flags().StringSliceVar(&roles, "role", nil, "a role, may be repeated (required)")
	add.Flags().StringVar(&ko, "ko", "", "the person's name in Korean")
	add.Flags().StringVar(&en, "en", "", "the person's name in English")
	_ = add.MarkFlagRequired("role")
	password := &cobra.Command{
		Use:   "password NAME",
		Short: "Set a new password; it is the first line of standard input",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			users, err := open()
			if err != nil {
				return err
			}
			p, err := readPassword(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return users.SetPassword(args[0], p)
		},
	}
	remove := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			users, err := open()
			if err != nil {
				return err
			}
			return users.Remove(args[0])
		},
	}
	token := &cobra.Command{
		Use:   "token NAME LABEL",
		Short: "Make an API token for an account and print it once",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			users, err := open()
			if err != nil {
				return err
			}
			t, err := users.AddToken(args[0], args[1])
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), t)
			return nil
		},
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			users, err := open()
			if err != nil {
				return err
			}
			for _, a := range users.List() {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\n", a.User, strings.Join(a.Roles, " "))
			}
			return nil
		},
	}
	cmd.AddCommand(add, password, remove, token, list)
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
