package ui

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"image/color"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Why a second factor was not taken.
var (
	ErrCode     = errors.New("the code is wrong")
	ErrReplayed = errors.New("the code was used already: wait for the next one")
)

// What authenticator programs understand without being told: RFC 6238 with SHA-1, six digits, 30 s.
const (
	codePeriod   = 30 // seconds
	codeDigits   = 6
	codeSkew     = 1  // periods that a phone's clock may be off, either way
	secretBytes  = 20 // as long as SHA-1's output, RFC 4226 section 4
	leastSecret  = 16 // bytes, the least of RFC 4226
	recoveries   = 10
	recoverySize = 10 // bytes: 80 bits need no slow hash
)

// factor is what a second factor is checked with. The secret is as good as the phone: it stands where the passwords'
// hashes stand, and nowhere else.
type factor struct {
	Secret   string    `json:"secret"` // base32 without padding
	Since    time.Time `json:"since"`
	Recovery []string  `json:"recovery"` // SHA-256 of the unused ones, hex
}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return base32Plain.EncodeToString(b)
}

func (f *factor) usable() bool {
	b, err := base32Plain.DecodeString(f.Secret)
	return err == nil && len(b) >= leastSecret
}

func (f *factor) clone() *factor {
	if f == nil {
		return nil
	}
	c := *f
	c.Recovery = slices.Clone(f.Recovery)
	return &c
}

// stepOf finds the period that a code is of, if its time is about now.
func stepOf(secret, code string, now time.Time) (step int64, ok bool) {
	at := now.Unix() / codePeriod
	for _, s := range []int64{at, at - codeSkew, at + codeSkew} {
		want, err := hotp.GenerateCodeCustom(secret, uint64(s), hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// newRecovery makes codes for the day the phone is lost, and what is kept of them.
func newRecovery() (codes, hashes []string) {
	for range recoveries {
		b := make([]byte, recoverySize)
		_, _ = rand.Read(b) // never fails
		text := base32Plain.EncodeToString(b)
		codes = append(codes, strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-"))
		hashes = append(hashes, tokenHash(text))
	}
	return codes, hashes
}

// plainCode is a code as it is compared: how people write it is their matter.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(code)))
}

// factorURI is what an authenticator reads from the picture.
func factorURI(issuer, user, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(codeDigits)}, "period": {strconv.Itoa(codePeriod)}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+user) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// factorPicture is a QR code, row by row, 1 for dark: the console draws it, and no picture of a secret lies in a cache.
func factorPicture(text string) ([]string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw the picture of a second factor: %w", err)
	}
	size := code.Bounds()
	rows := make([]string, 0, size.Dy())
	for y := size.Min.Y; y < size.Max.Y; y++ {
		row := make([]byte, 0, size.Dx())
		for x := size.Min.X; x < size.Max.X; x++ {
			dot := byte('0')
			if color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128 {
				dot = '1'
			}
			row = append(row, dot)
		}
		rows = append(rows, string(row))
	}
	return rows, nil
}

// checkCode takes a code of a person's second factor once: of the phone, or one of those for the day it is lost. It is
// noted here before it is taken, so that a code that somebody has read over a shoulder opens nothing here. Only a
// recovery code is all sites' matter.
func (u *Users) checkCode(user, code string, now time.Time) (recovery bool, err error) {
	r, ok := u.active(user)
	if !ok || r.Factor == nil {
		return false, ErrCode
	}
	code = plainCode(code)
	if step, ok := stepOf(r.Factor.Secret, code, now); ok {
		return false, u.useStep(r, step)
	}
	hash := tokenHash(code)
	if len(code) == codeDigits || !slices.Contains(r.Factor.Recovery, hash) {
		return false, ErrCode
	}
	return true, u.useRecovery(r, hash)
}

// useStep takes no code of this period or of one before again, RFC 6238 section 5.2.
func (u *Users) useStep(r record, step int64) error {
	u.mu.Lock()
	if step <= max(u.steps[r.User], r.LastStep) {
		u.mu.Unlock()
		return ErrReplayed
	}
	u.steps[r.User] = step
	u.mu.Unlock()
	_ = u.note(r.User, func(r *record) { r.LastStep = max(r.LastStep, step) }) // a full disk must keep nobody out; the memory has it
	return nil
}

// useRecovery strikes a recovery code out at all sites, or here alone while they are not reached: then all sites are
// told as soon as they are.
func (u *Users) useRecovery(r record, hash string) error {
	key := r.User + "\x00" + hash
	u.mu.Lock()
	if u.spent[key] || slices.Contains(r.Spent, hash) {
		u.mu.Unlock()
		return ErrReplayed
	}
	u.spent[key] = true
	u.mu.Unlock()
	err := u.strike(context.Background(), r.User, hash)
	if errors.Is(err, ErrReplayed) {
		return err
	}
	if err != nil {
		_ = u.note(r.User, func(r *record) { r.Spent = append(r.Spent, hash) }) // the memory has it too
	}
	return nil
}

// strike takes recovery codes out of an account, wherever it is kept.
func (u *Users) strike(ctx context.Context, user string, hashes ...string) error {
	return u.editWithin(ctx, edit{what: "recovery-used", user: user, by: user, do: present(user, func(r *record) error {
		if r.Factor == nil {
			return ErrReplayed
		}
		n := len(r.Factor.Recovery)
		r.Factor.Recovery = slices.DeleteFunc(r.Factor.Recovery, func(h string) bool { return slices.Contains(hashes, h) })
		if len(r.Factor.Recovery) == n {
			return ErrReplayed // struck out at another site
		}
		return nil
	})})
}

// SetFactor gives an account a second factor and returns its recovery codes. Only their hashes are kept.
func (h Hand) SetFactor(user, secret string) (codes []string, err error) {
	codes, hashes := newRecovery()
	f := &factor{Secret: secret, Since: time.Now().UTC().Truncate(time.Second), Recovery: hashes}
	if !f.usable() {
		return nil, fmt.Errorf("%w %q: the secret is not base32 of at least %d bits", ErrUser, user, 8*leastSecret)
	}
	return codes, h.change("factor", user, func(r *record) error {
		r.Factor, r.Spent = f.clone(), nil
		return nil
	})
}

// NewRecovery gives an account with a second factor new recovery codes in place of the former.
func (h Hand) NewRecovery(user string) (codes []string, err error) {
	codes, hashes := newRecovery()
	return codes, h.change("recovery-new", user, func(r *record) error {
		if r.Factor == nil {
			return fmt.Errorf("%w %q has no second factor", ErrUser, user)
		}
		r.Factor.Recovery, r.Spent = hashes, nil
		return nil
	})
}

// RemoveFactor takes the second factor from an account: its phone is lost, or another will be enrolled.
func (h Hand) RemoveFactor(user string) error {
	return h.change("factor-removed", user, func(r *record) error {
		if r.Factor == nil {
			return fmt.Errorf("%w %q has no second factor", ErrUser, user)
		}
		r.Factor, r.Spent = nil, nil
		return nil
	})
}
