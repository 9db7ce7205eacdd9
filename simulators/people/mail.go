package people

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

const (
	mailPatience   = time.Minute
	mailBytes      = 1 << 20
	mailRecipients = 2000
	mailSessions   = 100
)

// serveMail accepts SMTP sessions until ctx ends.
func (b *Inbox) serveMail(ctx context.Context) error {
	var sessions sync.WaitGroup
	defer sessions.Wait()
	slots := make(chan struct{}, mailSessions)
	for {
		conn, err := b.smtp.Accept()
		if err != nil {
			return err
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			_ = conn.Close()
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		sessions.Go(func() {
			b.mailSession(conn)
			stop()
			_ = conn.Close()
			<-slots
		})
	}
}

// mailSession speaks SMTP (RFC 5321) with one sender.
type mailSession struct {
	in   *Inbox
	text *textproto.Conn
	from string
	to   []string
	said bool // MAIL was given
}

func (b *Inbox) mailSession(conn net.Conn) {
	s := &mailSession{in: b, text: textproto.NewConn(conn)}
	s.say("220 mail.demo ESMTP")
	for {
		if conn.SetDeadline(time.Now().Add(mailPatience)) != nil {
			return
		}
		line, err := s.text.ReadLine()
		if err != nil || len(line) > 2000 {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		if strings.EqualFold(verb, "QUIT") {
			s.say("221 bye")
			return
		}
		s.obey(strings.ToUpper(verb), rest)
	}
}

func (s *mailSession) say(line string) { _ = s.text.PrintfLine("%s", line) }

func (s *mailSession) obey(verb, rest string) {
	switch verb {
	case "HELO":
		s.reset()
		s.say("250 mail.demo")
	case "EHLO":
		s.reset()
		s.say("250-mail.demo")
		s.say("250-8BITMIME")
		s.say("250 SIZE 1048576")
	case "MAIL":
		address, ok := path(rest, "FROM:")
		switch {
		case !ok:
			s.say("501 MAIL FROM:<address>")
		case s.in.refuses(ChannelMail):
			s.say("421 out of service")
		default:
			s.reset()
			s.from, s.said = address, true
			s.say("250 ok")
		}
	case "RCPT":
		address, ok := path(rest, "TO:")
		switch {
		case !s.said:
			s.say("503 MAIL first")
		case !ok || address == "":
			s.say("501 RCPT TO:<address>")
		case len(s.to) >= mailRecipients:
			s.say("452 too many recipients")
		case s.in.turnsAway(Message{Channel: ChannelMail, From: s.from, To: address}):
			s.say("552 5.2.2 mailbox full")
		default:
			s.to = append(s.to, address)
			s.say("250 ok")
		}
	case "DATA":
		s.data()
	case "RSET":
		s.reset()
		s.say("250 ok")
	case "NOOP":
		s.say("250 ok")
	default:
		s.say("502 not implemented")
	}
}

func (s *mailSession) reset() { s.from, s.to, s.said = "", nil, false }

// path reads <address> behind a keyword; parameters after it are ignored.
func path(text, keyword string) (string, bool) {
	if len(text) < len(keyword) || !strings.EqualFold(text[:len(keyword)], keyword) {
		return "", false
	}
	text = strings.TrimSpace(text[len(keyword):])
	end := strings.IndexByte(text, '>')
	if !strings.HasPrefix(text, "<") || end < 0 {
		return "", false
	}
	return text[1:end], true
}

func (s *mailSession) data() {
	if len(s.to) == 0 {
		s.say("503 RCPT first")
		return
	}
	s.say("354 end with a dot")
	dot := s.text.DotReader()
	text, err := io.ReadAll(io.LimitReader(dot, mailBytes+1))
	if err == nil && len(text) > mailBytes {
		_, err = io.Copy(io.Discard, dot)
		if err == nil {
			s.say("552 too large")
			s.reset()
			return
		}
	}
	if err != nil {
		return // the sender is gone: nothing was accepted
	}
	m, err := readMail(text)
	if err != nil {
		s.say("554 no mail message")
		s.reset()
		return
	}
	for _, to := range s.to {
		m.From, m.To = s.from, to
		if _, err := s.in.receive(m); err != nil && !errors.Is(err, errBounced) {
			s.say("451 out of service")
			s.reset()
			return
		}
	}
	s.reset()
	s.say("250 accepted")
}

// readMail takes subject, text and the headers that say what is asked and where answers go.
func readMail(text []byte) (Message, error) {
	m, err := mail.ReadMessage(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return Message{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	out := Message{Channel: ChannelMail, Subject: subject, Ref: m.Header.Get("X-Ref"), Callback: m.Header.Get("X-Callback"),
		Signature: m.Header.Get("X-Signature"), Ask: []string{"ack"}}
	if ask := m.Header.Get("X-Ask"); ask != "" {
		out.Ask = strings.FieldsFunc(ask, func(r rune) bool { return r == ',' || r == ' ' })
	}
	out.Text, err = readable(textproto.MIMEHeader(m.Header), m.Body)
	return out, err
}

var errNoText = errors.New("the mail has no text")

// readable finds the text of a mail, the first text part of a mail with several.
func readable(h textproto.MIMEHeader, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return "", errNoText
			}
			if text, err := readable(part.Header, part); err == nil {
				return text, nil
			}
		}
	}
	if err == nil && !strings.HasPrefix(kind, "text/") {
		return "", errNoText
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	return strings.TrimRight(string(text), "\r\n"), err
}

// refuses tells whether a channel turns senders away.
func (b *Inbox) refuses(channel string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dead[channel] == "refuse"
}

// turnsAway tells whether a recipient is refused before the message itself is known, and notes it then.
func (b *Inbox) turnsAway(m Message) bool {
	b.mu.Lock()
	_, full := b.conductOf(b.personOf(m.To), MailboxFull)
	b.mu.Unlock()
	if full == nil {
		return false
	}
	_, err := b.receive(m)
	return errors.Is(err, errBounced)
}
