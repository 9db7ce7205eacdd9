package ui

import (
	"context"
	"net/http"
	"strings"
	"time"

	"bongsu/facility"
)

// reloadPatience is how long reading and checking a large site may take.
const reloadPatience = 50 * time.Second

type reloadIn struct {
	Keyed
	Body *struct {
		DryRun bool `json:"dry_run,omitempty" doc:"only say what would be done"`
	} `required:"false"`
}

type reloadOut struct {
	Status int
	Body   facility.Reload
}

// reloadSite answers with the report: 200 for a dry run and for what is done, 202 when another field process is
// about to take over, 409 when the field refuses; then nothing was changed, and the report says why.
func (s *Server) reloadSite(ctx context.Context, in *reloadIn) (*reloadOut, error) {
	if s.cfg.Reloads == nil {
		return nil, problem(http.StatusServiceUnavailable, "This node reads its site files once, when it starts.")
	}
	id, _ := identityOf(ctx)
	req := facility.ReloadRequest{By: id.user, Dry: in.Body != nil && in.Body.DryRun}
	ctx, cancel := context.WithTimeout(ctx, reloadPatience)
	defer cancel()
	report, err := s.cfg.Reloads.Reload(ctx, req)
	if err != nil {
		s.log.Warn("a request to reload did not reach the field", "by", req.By, "cause", err)
		return nil, problem(http.StatusServiceUnavailable,
			"The field process did not answer, so it is not known whether it works by the new files. GET site says by which revision it does.")
	}
	markReached(ctx)
	if report.State == facility.ReloadRefused {
		return nil, refusedReload(report)
	}
	out := &reloadOut{http.StatusOK, report}
	if report.State == facility.ReloadHanded {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// refusal is a problem with the whole report beside it.
type refusal struct {
	Title  string          `json:"title"`
	Code   int             `json:"status"`
	Detail string          `json:"detail"`
	Report facility.Reload `json:"report"`
}

// Error is the detail.
func (r *refusal) Error() string { return r.Detail }

// GetStatus is the HTTP status.
func (r *refusal) GetStatus() int { return r.Code }

// ContentType is that of every problem.
func (r *refusal) ContentType(string) string { return "application/problem+json" }

func refusedReload(report facility.Reload) *refusal {
	return &refusal{Title: http.StatusText(http.StatusConflict), Code: http.StatusConflict, Report: report,
		Detail: "Nothing was changed. " + strings.Join(append(report.Refused, worst(report.Faults)...), "; ")}
}

// worst words the faults that are no warnings.
func worst(faults []facility.ReloadFault) (lines []string) {
	for _, f := range faults {
		if !f.Warning {
			lines = append(lines, f.String())
		}
	}
	return lines
}
