package rules

import (
	"net/http"
	"strings"

	"bongsu/facility"
	"bongsu/journal"
)

// ActAccount tells the field's journal of a change of a console account, at a site that shares its accounts with none.
// Its subject says what and whose; args are the change's own.
const ActAccount = "account"

// KindIdentity is an entry that says that an account is about to be changed. Nothing secret is in it.
const KindIdentity = "identity"

// account writes a change of an account down. The field has no accounts: it only keeps the journal.
func (e *Engine) account(r actRequest) uint64 {
	seq := e.write([]journal.Draft{{Kind: KindIdentity, Actor: strings.Join(r.act.By, "+"), Subject: r.act.Subject, Data: r.act.Args}}, fsyncPatience)
	res := facility.ActResult{Code: http.StatusOK, Seq: seq}
	if seq == 0 {
		res = facility.ActResult{Code: http.StatusServiceUnavailable, Detail: "the field's journal takes nothing now"}
	}
	r.answer <- res
	return seq
}
