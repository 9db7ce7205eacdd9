package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/ui"
)

// A certificate is copied half, and the desk starts in that moment: people log in and see their own building, what is
// global says why it is refused, and when the certificate is whole the desk starts anew with it.
func TestADeskWithoutItsCertificateServes(t *testing.T) {
	s := newSites3(t)
	site, err := os.OpenFile(s.site, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := site.WriteString("demo_accounts: true\n"); err != nil {
		t.Fatal(err)
	}
	if err := site.Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(s.dir, "pki", "n1", "key.pem")
	whole, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	o := s.options("n1")
	o.listen = quietPorts(t, 1)[0]
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runDesk(ctx, o, slog.New(slog.DiscardHandler)) }()
	ended := false
	t.Cleanup(func() {
		cancel()
		if !ended {
			<-done
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	patiently3(t, "the operator logs in", func() error {
		resp, err := browser.Post("http://"+o.listen+"/api/v1/session", "application/json", strings.NewReader(`{"user":"operator","password":"bongsu-demo"}`))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusNoContent {
			return fmt.Errorf("answered %d", resp.StatusCode)
		}
		return nil
	})
	patiently3(t, "the System screen is told", func() error {
		resp, err := browser.Get("http://" + o.listen + "/api/v1/nodes")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "load certificate") {
			return fmt.Errorf("answered %d %s, %w", resp.StatusCode, text, err)
		}
		return nil
	})
	if err := os.WriteFile(key, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, errReadable) {
		t.Errorf("with its certificate whole again the desk ended with %v", err)
	}
	ended = true
}

// While the others cannot be told, no account is changed, and the person hears that it is read only.
func TestAccountsStayAsTheyAreWithoutACertificate(t *testing.T) {
	users, err := ui.OpenUsers(filepath.Join(t.TempDir(), "users.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	users.Share(noIdentity{errors.New("no certificate")})
	if err := users.By("").Remove("operator"); !errors.Is(err, ui.ErrReadOnly) || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("an account was taken away: %v", err)
	}
}
