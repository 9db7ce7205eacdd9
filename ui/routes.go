package ui

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"bongsu/facility"
)

const sessionPath = "/api/v1/session"

// route is one call of the API.
type route struct {
	method, path string
	need         right
	summary      string
	mount        mount
}

// mount puts a call's handler behind its path.
type mount func(s *Server, need right, op huma.Operation)

// routes lists every call of the API. It is the only place to add one, but for what is asked of the
// organisation: that stands in asks.
var routes = append(askRoutes(asks), []route{
	{"POST", sessionPath, rightNone, "Log in", typed((*Server).login)},
	{"GET", sessionPath, rightSelf, "Who am I", typed((*Server).whoami)},
	{"DELETE", sessionPath, rightSelf, "Log out", typed((*Server).logout)},
	{"GET", "/api/v1/account", rightSelf, "My account", typed((*Server).getAccount)},
	{"POST", "/api/v1/account/password", rightSelf, "Give myself another password", typed((*Server).ownPassword)},
	{"POST", "/api/v1/account/factor", rightSelf, "Begin to enrol a second factor", typed((*Server).beginFactor)},
	{"POST", "/api/v1/account/factor/confirm", rightSelf, "Show that it works: it counts from now on", typed((*Server).confirmFactor)},
	{"POST", "/api/v1/account/factor/remove", rightSelf, "Log in without a second factor again", typed((*Server).removeFactor)},
	{"POST", "/api/v1/account/recovery", rightSelf, "New recovery codes in place of the former", typed((*Server).newRecovery)},
	{"GET", "/api/v1/accounts", rightAccounts, "Accounts", typed((*Server).listAccounts)},
	{"POST", "/api/v1/accounts", rightAccounts, "Add an account", typed((*Server).addAccount)},
	{"POST", "/api/v1/accounts/{id}/profile", rightAccounts, "Change an account's name, roles and contact", typed((*Server).setProfile)},
	{"POST", "/api/v1/accounts/{id}/password", rightAccounts, "Give an account another password", typed((*Server).resetPassword)},
	{"POST", "/api/v1/accounts/{id}/disable", rightAccounts, "Keep an account from logging in", typed(accountAct("disable"))},
	{"POST", "/api/v1/accounts/{id}/enable", rightAccounts, "Let an account log in again", typed(accountAct("enable"))},
	{"POST", "/api/v1/accounts/{id}/remove", rightAccounts, "Remove an account", typed(accountAct("remove"))},
	{"POST", "/api/v1/accounts/{id}/factor-remove", rightAccounts, "Take the second factor from an account", typed(accountAct("factor-remove"))},
	{"POST", "/api/v1/accounts/{id}/token-remove", rightAccounts, "Withdraw an API token", typed((*Server).removeToken)},
	{"GET", "/api/v1/site", rightNone, "The site, this node and this build", typed((*Server).getSite)},
	{"POST", "/api/v1/site/reload", rightReload, "Work by what the site files say now, or say what that would do", typed((*Server).reloadSite)},
	{"GET", "/api/v1/sites", rightRead, "Every data center as this desk hears it", typed((*Server).listSites)},
	{"GET", "/api/v1/nodes", rightRead, "Health of the field, the desk and the links", typed((*Server).listNodes)},
	{"GET", "/api/v1/assets", rightRead, "Assets", typed((*Server).listAssets)},
	{"GET", "/api/v1/assets/{id}", rightRead, "One asset", typed((*Server).getAsset)},
	{"GET", "/api/v1/floor", rightRead, "Air inlets of the IT racks, hall by hall", typed((*Server).getFloor)},
	{"GET", "/api/v1/floor/plan", rightRead, "Where the IT racks of each hall stand", typed((*Server).getFloorPlan)},
	{"GET", "/api/v1/points", rightRead, "Points with their newest values", typed((*Server).listPoints)},
	{"GET", "/api/v1/points/{id}", rightRead, "One point", typed((*Server).getPoint)},
	{"GET", "/api/v1/points/{id}/history", rightRead, "What a point did", typed((*Server).pointHistory)},
	{"GET", "/api/v1/points/{id}/band", rightRead, "What is usual for a point", typed((*Server).pointBand)},
	{"POST", "/api/v1/points/{id}/band/accept", rightNormal, "Take what a point shows as its new normal", typed((*Server).acceptBand)},
	{"GET", "/api/v1/live", rightRead, "Server-sent events of one view", raw("query", "view", (*Server).live)},
	{"GET", "/api/v1/alarms", rightRead, "Alarms", typed((*Server).listAlarms)},
	{"GET", "/api/v1/alarms/export", rightRead, "Alarms as a table for spreadsheets, with their causes", raw("query", "state", (*Server).exportAlarms)},
	{"GET", "/api/v1/alarms/flood", rightRead, "Floods, chatter and alarms by their cause", typed((*Server).alarmFlood)},
	{"GET", "/api/v1/alarms/report", rightRead, "How good the alarm system was over a time", typed((*Server).alarmReport)},
	{"GET", "/api/v1/alarms/{id}/history", rightRead, "The newest records of an alarm", typed((*Server).alarmHistory)},
	{"POST", "/api/v1/alarms/{id}/ack", rightAlarms, "Acknowledge an alarm", typed(alarmAct("alarm.ack"))},
	{"POST", "/api/v1/alarms/{id}/reset", rightAlarms, "Lift an alarm's latch", typed(alarmAct("alarm.reset"))},
	{"POST", "/api/v1/alarms/{id}/shelve", rightAlarms, "Hide an alarm for a time", typed((*Server).shelveAlarm)},
	{"POST", "/api/v1/alarms/{id}/unshelve", rightAlarms, "Show a shelved alarm again", typed(alarmAct("alarm.unshelve"))},
	{"POST", "/api/v1/alarms/{id}/notes", rightAlarms, "Write a note beside an alarm", typed((*Server).noteAlarm)},
	{"POST", "/api/v1/alarms/{id}/out-of-service", rightService, "Take an alarm out of service for work on its equipment", typed((*Server).outOfService)},
	{"POST", "/api/v1/alarms/{id}/in-service", rightService, "Take an alarm back into service after its function test", typed((*Server).inService)},
	{"GET", "/api/v1/fire/rooms", rightRead, "Battery rooms", typed((*Server).listRooms)},
	{"GET", "/api/v1/fire/rooms/{id}", rightRead, "One battery room", typed((*Server).getRoom)},
	{"POST", "/api/v1/fire/rooms/{id}/bypass", rightBypass, "Take a channel out of the vote for a time", typed((*Server).bypass)},
	{"POST", "/api/v1/fire/rooms/{id}/inhibit", rightInhibit, "Hold an output", typed((*Server).inhibit)},
	{"POST", "/api/v1/fire/rooms/{id}/end-bypass", rightRestore, "Give a channel its vote back", typed((*Server).endBypass)},
	{"POST", "/api/v1/fire/rooms/{id}/end-inhibit", rightRestore, "Let an output act again", typed((*Server).endInhibit)},
	{"POST", "/api/v1/fire/rooms/{id}/release", rightRelease, "Release gas", typed((*Server).releaseGas)},
	{"POST", "/api/v1/fire/rooms/{id}/reset", rightReset, "Lift a rack's stage after an inspection", typed((*Server).resetRack)},
	{"POST", "/api/v1/fire/rooms/{id}/takeover", rightTakeover, "Hand control to the fire authority", typed((*Server).takeOver)},
	{"POST", "/api/v1/fire/rooms/{id}/power-cut", rightPowerCut, "Cut the site's power", typed((*Server).cutPower)},
	{"GET", "/api/v1/fire/rooms/{id}/handover", rightRead, "The sheet for the fire authority", typed((*Server).handOver)},
	{"POST", "/api/v1/fire/rooms/{id}/drill", rightDrill, "Begin a drill in a room", typed((*Server).beginDrill)},
	{"POST", "/api/v1/fire/rooms/{id}/end-drill", rightEndDrill, "End the drill of a room", typed((*Server).endDrill)},
	{"GET", "/api/v1/fire/proof-tests", rightRead, "Proof tests, how often they are due and what they must show", typed((*Server).listProofTests)},
	{"POST", "/api/v1/fire/rooms/{id}/proof-begin", rightProof, "Begin a proof test", typed((*Server).beginProof)},
	{"POST", "/api/v1/fire/rooms/{id}/proof-record", rightProof, "Record what came of a proof test", typed((*Server).recordProof)},
	{"POST", "/api/v1/fire/rooms/{id}/watch-round", rightRound, "Record a round of the fire watch", typed((*Server).watchRound)},
	{"POST", "/api/v1/fire/rooms/{id}/bank-ready", rightBankReady, "Declare a gas bank refilled", typed((*Server).bankReady)},
	{"GET", "/api/v1/clocks", rightRead, "How long batteries and cold stores last", typed((*Server).listClocks)},
	{"GET", "/api/v1/single-line", rightRead, "The power path as it stands, from the intake to the racks", typed((*Server).singleLine)},
	{"GET", "/api/v1/isolation", rightRead, "What to open so that nothing feeds an asset, and what that takes", typed((*Server).planIsolation)},
	{"POST", "/api/v1/commands", rightRead, "Give an order to a device", typed((*Server).giveCommand)},
	{"GET", "/api/v1/commands", rightRead, "Newest orders", typed((*Server).listCommands)},
	{"GET", "/api/v1/commands/{id}", rightRead, "One order and how far it has come", typed((*Server).getCommand)},
	{"POST", "/api/v1/commands/{id}/sign", rightSecond, "Sign as the second person, at another station", typed((*Server).signCommand)},
	{"POST", "/api/v1/commands/{id}/cancel", rightCancel, "Abort an order that waits or runs", typed((*Server).cancelCommand)},
	{"GET", "/api/v1/orders", rightRead, "What devices can be ordered to do", typed((*Server).listOrders)},
	{"GET", "/api/v1/orders/{id}", rightRead, "One such order: actual state, conditions with live values, who may give it", typed((*Server).getOrder)},
	{"GET", "/api/v1/journal", rightRead, "Journal entries in order", typed((*Server).listJournal)},
	{"GET", "/api/v1/bcp", rightRead, "The whole situation of the organisation", typed(pictured(wholePicture))},
	{"GET", "/api/v1/incidents", rightRead, "Incidents, newest first", typed(pictured(items(incidentsOf)))},
	{"GET", "/api/v1/incidents/{id}", rightRead, "One incident", typed(picturedByID("incident", incidentsOf, incidentID))},
	{"GET", "/api/v1/playbooks", rightRead, "Playbooks that may be started", typed(pictured(items(playbooksOf)))},
	{"GET", "/api/v1/runs", rightRead, "Playbooks that run or ran, newest first", typed(pictured(items(playsOf)))},
	{"GET", "/api/v1/runs/{id}", rightRead, "One run of a playbook", typed(picturedByID("run", playsOf, playID))},
	{"GET", "/api/v1/failover", rightRead, "Groups, sites, public names and the brake", typed(pictured(failoverOf))},
	{"GET", "/api/v1/services", rightRead, "Services and their states", typed(pictured(items(servicesOf)))},
	{"POST", callbackPath, rightNone, "An answer of a phone or message provider", mountCallback},
	{"GET", simPath + "{path}", rightRead, "The simulator's own API", raw("path", "path", (*Server).passToSimulator)},
	{"POST", simPath + "{path}", rightSimulate, "The simulator's own API", raw("path", "path", (*Server).passToSimulator)},
	{"PUT", simPath + "{path}", rightSimulate, "The simulator's own API", raw("path", "path", (*Server).passToSimulator)},
	{"DELETE", simPath + "{path}", rightSimulate, "The simulator's own API", raw("path", "path", (*Server).passToSimulator)},
}...)

func (s *Server) mountRoutes(table []route) {
	for _, r := range table {
		r.mount(s, r.need, huma.Operation{
			Method: r.method, Path: r.path, Summary: r.summary, OperationID: operationID(r), Tags: []string{tagOf(r.path)},
			Security: security(r.need),
			Errors:   []int{400, 401, 403, 404, 409, 422, 503},
		})
	}
}

func operationID(r route) string {
	words := strings.FieldsFunc(strings.TrimPrefix(r.path, "/api/v1"), func(c rune) bool { return strings.ContainsRune("/{}", c) })
	return strings.ToLower(r.method) + "-" + strings.Join(words, "-")
}

func tagOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	return first
}

func security(need right) []map[string][]string {
	if need == rightNone {
		return nil
	}
	return []map[string][]string{{"session": {}}, {"token": {}}}
}

// typed mounts a handler whose input, output and description come from its types.
func typed[I, O any](handle func(*Server, context.Context, *I) (*O, error)) mount {
	return func(s *Server, need right, op huma.Operation) {
		op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if p := permit(ctx.Context(), need); p != nil {
				if grants[need].order {
					_ = s.tried(ctx.Context(), facility.Act{Kind: op.OperationID, Subject: ctx.Param("id")}, p)
				}
				sendProblem(humagin.Unwrap(ctx).Writer, p)
				return
			}
			next(ctx)
		}}
		huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) { return handle(s, ctx, in) })
	}
}

// raw mounts a handler that writes its answer itself and takes one parameter, in "path" or "query".
func raw(in, param string, handle func(*Server, *gin.Context)) mount {
	return func(s *Server, need right, op huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {Description: op.Summary}}
		op.Parameters = []*huma.Param{{Name: param, In: in, Required: in == "path", Schema: &huma.Schema{Type: huma.TypeString}}}
		s.api.OpenAPI().AddOperation(&op)
		s.engine.Handle(op.Method, strings.ReplaceAll(op.Path, "{path}", "*path"), func(c *gin.Context) {
			if p := permit(c.Request.Context(), need); p != nil {
				sendProblem(c.Writer, p)
				return
			}
			handle(s, c)
		})
	}
}

// noRoute answers what no call of the API matches: problems below /api, pages elsewhere.
func (s *Server) noRoute(c *gin.Context) {
	if isAPI(c.Request.URL.Path) {
		sendProblem(c.Writer, problem(http.StatusNotFound, "There is no %s here. /api/openapi.json lists every call.", c.Request.URL.Path))
		return
	}
	s.pages.ServeHTTP(c.Writer, c.Request)
}

func (s *Server) noMethod(c *gin.Context) {
	if isAPI(c.Request.URL.Path) {
		sendProblem(c.Writer, problem(http.StatusMethodNotAllowed, "%s does not take %s. /api/openapi.json lists every call.", c.Request.URL.Path, c.Request.Method))
		return
	}
	s.pages.ServeHTTP(c.Writer, c.Request)
}
