package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/notify"
	"bongsu/facility"
)

const siteFile = `
callback: http://console.example/api/v1/answers
callback_secret_file: callback.key
lane: {per_second: 40, domains: {telco: 20}}
channels:
  email: {domain: mail, smtp: "mail.example:25", from: bongsu@example.com, starttls: true, user: bongsu, password_file: mail.key}
  sms: {domain: telco, url: "https://sms.example/send", from: "1588", secret: hush, per_second: 20, timeout: 5s, retries: 0}
  sms-b: {kind: sms, domain: telco-b, url: "https://other.example/send"}
  board: {domain: office, url: "https://board.example/post", secret_file: board.key}
`

type file struct {
	Notify notify.Config `yaml:"notify"`
}

func read(text string) (notify.Config, facility.Faults) {
	var f file
	indented := "notify:" + strings.ReplaceAll(text, "\n", "\n  ")
	faults := facility.DecodeFile("site.yaml", []byte(indented), &f, func(r facility.Report) { f.Notify.Check("notify", r) })
	return f.Notify, faults
}

// A house's channels are read as they are written, and a secret never shows.
func TestAHouseIsRead(t *testing.T) {
	c, faults := read(siteFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	sms := c.Channels["sms"]
	if sms.Timeout != 5*time.Second || *sms.Retries != 0 || string(sms.Secret) != "hush" || c.Lane.Domains["telco"] != 20 || c.CallbackSecretFile != "callback.key" {
		t.Errorf("read %+v", c)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, sms.Secret); strings.Contains(text, "hush") {
		t.Errorf("the secret shows: %s", text)
	}
}

// Each mistake is told at its place.
func TestMistakesAreToldAtTheirPlace(t *testing.T) {
	cases := []struct{ name, old, bad, path, says string }{
		{"callback with a query", "answers\n", "answers?x=1\n", "notify.callback", "answers of people"},
		{"unknown kind", "kind: sms", "kind: pigeon", "notify.channels.sms-b.kind", "unknown kind"},
		{"no domain", "{domain: office, ", "{", "notify.channels.board.domain", "failure domain"},
		{"mail without a server", `smtp: "mail.example:25"`, "smtp: mail.example", "notify.channels.email.smtp", "host:port"},
		{"mail from nobody", "from: bongsu@example.com", "from: bongsu", "notify.channels.email.from", "no mail address"},
		{"a password in the clear", "starttls: true", "starttls: false", "notify.channels.email.starttls", "in the clear"},
		{"a user without a password", ", password_file: mail.key", "", "notify.channels.email.user", "belong together"},
		{"no address", "https://board.example/post", "board.example", "notify.channels.board.url", "no http address"},
		{"two secrets", "secret: hush", "secret: hush, secret_file: f", "notify.channels.sms.secret", "not both"},
		{"a hook with a user", "secret: hush", "user: me", "notify.channels.sms.smtp", "for mail alone"},
		{"mail with a URL", "user: bongsu", `url: "http://x", user: bongsu`, "notify.channels.email.url", "instead of url"},
		{"negative retries", "retries: 0", "retries: -1", "notify.channels.sms", "negative"},
		{"negative lane", "per_second: 40", "per_second: -1", "notify.lane.per_second", "at least 1"},
		{"negative domain", "telco: 20", "telco: -2", "notify.lane.domains.telco", "at least 1"},
		{"a key nobody knows", "timeout: 5s", "timeuot: 5s", "", "timeuot"},
		{"nothing", siteFile, "\ncallback: http://x.example\n", "notify.channels", "nobody could be reached"},
	}
	for _, c := range cases {
		if strings.Count(siteFile, c.old) != 1 {
			t.Fatalf("%s: %q is not there once", c.name, c.old)
		}
		_, faults := read(strings.Replace(siteFile, c.old, c.bad, 1))
		if len(faults) != 1 || c.path != "" && faults[0].Path != c.path || !strings.Contains(faults[0].Text, c.says) || faults[0].Line < 1 {
			t.Errorf("%s: %v", c.name, faults)
		}
	}
}

// Somebody with channels of kinds that this house does not have is found before the fire.
func TestWhoCouldNotBeReached(t *testing.T) {
	c, faults := read(siteFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	var told []string
	report := func(path, format string, args ...any) { told = append(told, path+": "+fmt.Sprintf(format, args...)) }
	c.CheckRoster("roster", readRoster(t), report)
	if len(told) != 1 || !strings.HasPrefix(told[0], "roster.people[3].channels: choi could not be reached") {
		t.Errorf("told %q", told)
	}
	c.CheckRoster("roster", &bcp.Roster{People: []bcp.Person{{ID: "yun", Channels: []bcp.Channel{{ID: "m", Kind: "sms", Protected: true}}}}}, report)
	if len(told) != 2 {
		t.Errorf("the protected messenger alone was taken for a way: %q", told)
	}
}

// Without its secrets a sender is not built, and it says which.
func TestSecretsAreNeeded(t *testing.T) {
	c, _ := read(siteFile)
	_, err := notify.New(c, notify.Options{Secret: secret, Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "channel board") || !strings.Contains(err.Error(), "channel email") {
		t.Errorf("built without its secrets: %v", err)
	}
	if _, err := notify.New(notify.Config{}, notify.Options{Secret: []byte("short")}); err == nil {
		t.Error("built with a short callback secret")
	}
}
