package rules

import (
	"net/http"
	"strings"
	"testing"

	"bongsu/facility"
)

// A change of a console account at a site alone stands in the field's journal under who made it.
func TestAChangeOfAnAccountStandsInTheJournal(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		res := h.do(facility.Act{ID: "account-1", Kind: ActAccount, Subject: "disable kim", By: []string{"admin"}, Args: map[string]string{"what": "disable", "user": "kim"}})
		if res.Code != http.StatusOK || res.Seq == 0 {
			t.Fatalf("answered %+v", res)
		}
		all := h.book.all()
		e := all[len(all)-1]
		if e.Seq != res.Seq || e.Kind != KindIdentity || e.Actor != "admin" || e.Subject != "disable kim" || !strings.Contains(string(e.Data), `"kim"`) {
			t.Errorf("the journal has %+v", e)
		}
	})
}
