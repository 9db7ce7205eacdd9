package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// A server that has taken the mail gets this long to say goodbye.
const quitFor = time.Second

// mailCarrier hands mail to one relay, a connection for each.
type mailCarrier struct {
	host     string
	port     int
	from     string
	starttls bool
	user     string
	password Secret
	tls      *tls.Config
	timeout  time.Duration
}

func newMailCarrier(c Channel, sec secrets) (carrier, error) {
	host, text, err := net.SplitHostPort(c.SMTP)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("smtp: port %q is no number", text)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if sec.tls != nil {
		cfg = sec.tls.Clone()
	}
	cfg.ServerName = host
	return &mailCarrier{host: host, port: port, from: c.From, starttls: c.StartTLS, user: c.User, password: sec.password, tls: cfg, timeout: c.Timeout}, nil
}

func (c *mailCarrier) close() {}

func (c *mailCarrier) carry(ctx context.Context, m Message) (string, error) {
	msg, id, err := c.compose(m)
	if err != nil {
		return "", &fault{err: err, certain: true, personal: true}
	}
	var conn net.Conn
	client, err := c.client(func(dialing context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		got, err := d.DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		conn = got
		// The library watches its context only until the connection stands.
		context.AfterFunc(ctx, func() { _ = got.Close() })
		return got, nil
	})
	if err != nil {
		return "", &fault{err: err, certain: true}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	// The library leaves the connection open when the greeting, TLS or the login fails.
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	if err != nil {
		// Whatever failed so far, no mail was handed over.
		at := net.JoinHostPort(c.host, strconv.Itoa(c.port))
		return "", &fault{err: fmt.Errorf("mail relay %s: %w", at, err), certain: true, later: replyCode(err) < 500}
	}
	if err := client.SendWithSMTPClient(session, msg); err != nil && !msg.IsDelivered() {
		return "", sendFault(err)
	}
	if conn.SetDeadline(time.Now().Add(quitFor)) == nil {
		_ = client.CloseWithSMTPClient(session)
	}
	return id, nil
}

func (c *mailCarrier) client(dial mail.DialContextFunc) (*mail.Client, error) {
	policy := mail.NoTLS
	if c.starttls {
		policy = mail.TLSMandatory
	}
	o := []mail.Option{mail.WithPort(c.port), mail.WithTimeout(c.timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(c.tls),
		mail.WithDialContextFunc(dial), mail.WithoutNoop(), mail.WithoutRset()}
	if c.user != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.user), mail.WithPassword(string(c.password)))
	}
	return mail.NewClient(c.host, o...)
}

// compose writes the mail. Its Message-ID is made from the act, so that a mail that was sent twice after a
// restart is one mail to most readers.
func (c *mailCarrier) compose(m Message) (*mail.Msg, string, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(c.from); err != nil {
		return nil, "", fmt.Errorf("sender %s: %w", c.from, err)
	}
	if err := msg.To(m.Address); err != nil {
		return nil, "", fmt.Errorf("address of %s: %w", m.Person, err)
	}
	sum := sha256.Sum256([]byte(m.id()))
	_, domain, _ := strings.Cut(strings.Trim(c.from, "<> "), "@")
	id := hex.EncodeToString(sum[:16]) + "@" + domain
	msg.SetMessageIDWithValue(id)
	msg.SetDate()
	msg.Subject(both(m.Subject, " / "))
	ask := strings.Join(m.Ask, ", ")
	if ask == "" {
		ask = "none"
	}
	// Keeps holiday notices from answering.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Ref", clip(m.Ref, maxField))
	msg.SetGenHeader("X-Ask", ask)
	text := both(m.Text, "\n\n")
	if m.Callback != "" {
		msg.SetGenHeader("X-Callback", m.Callback)
		if len(m.Ask) > 0 {
			text += "\n\n응답 / Answer: " + m.Callback
		}
	}
	if m.Urgency == UrgencyPage {
		msg.SetImportance(mail.ImportanceUrgent)
	}
	msg.SetBodyString(mail.TypeTextPlain, text+"\n")
	return msg, id, nil
}

// sendFault tells what is certain of a mail that was not accepted: up to the answer to DATA the relay has
// nothing, and a refusal in numbers is a refusal. A relay that falls silent after the text may have it.
func sendFault(err error) *fault {
	f := &fault{err: err}
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return f
	}
	code := failed.ErrorCode()
	switch failed.Reason {
	case mail.ErrWriteContent, mail.ErrSMTPDataClose, mail.ErrSMTPReset, mail.ErrAmbiguous:
		f.certain = code >= 400
	default:
		f.certain = true
	}
	f.later = f.certain && code < 500
	f.personal = failed.Reason == mail.ErrSMTPRcptTo && code >= 400
	return f
}

// replyCode is the SMTP code within an error, 0 when the relay gave none.
func replyCode(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}
