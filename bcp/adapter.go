package bcp

import "context"

// Act is one thing to do or to look at: a kind and its fields.
type Act struct {
	Kind string            `yaml:"kind" json:"kind"`
	With map[string]string `yaml:"with" json:"with,omitempty"`
}

// Receipt is what an adapter has seen of its act: serial numbers, answers, epochs read back.
type Receipt map[string]string

// Adapter is the last hop to the world for one kind of act. It refuses an epoch older than the newest it
// has seen with an error that matches ErrStale. A drill uses another adapter, never an if.
type Adapter interface {
	// Plan says in words what Do would do. It is pure.
	Plan(a Act) (string, error)
	// Check tests permissions and preconditions without an effect.
	Check(ctx context.Context, a Act) error
	// Do acts once for a key, however often it is called with it. Any error that does not match
	// ErrNotDone leaves the outcome unknown.
	Do(ctx context.Context, key string, epoch uint64, a Act) (Receipt, error)
	// Probe finds out what became of a key: Yes done, No certainly without effect, Unseen cannot tell.
	Probe(ctx context.Context, key string, a Act) (Tri, Receipt, error)
	// Undo takes back what Do did for the key.
	Undo(ctx context.Context, key string, epoch uint64, a Act) (Receipt, error)
}

// Field is one setting of a kind of act; files, documents and forms are made from it.
type Field struct {
	Name     string
	Required bool
	Text     string
	OneOf    []string // empty for any text
}

// Kind is a sort of act a playbook may name.
type Kind struct {
	Fields  []Field
	Human   bool // waits for people
	Looks   bool // has no effect: for precheck and verify
	Changes bool // needs an undo, or a word why there is none, and a verify
}

// kinds lists every sort of act. It is the only place to add one.
var kinds = map[string]Kind{
	"http": {Changes: true, Fields: []Field{
		{Name: "url", Required: true, Text: "of the hook; the body is signed"}, {Name: "body", Text: "JSON to send"}}},
	"dns": {Changes: true, Fields: []Field{
		{Name: "name", Required: true, Text: "record to change, with the epoch record as its condition"}, {Name: "value", Required: true, Text: "new value"}}},
	"exec": {Changes: true, Fields: []Field{
		{Name: "command", Required: true, Text: "name in the allowed list, no shell"}, {Name: "args", Text: "its arguments"}}},
	"messenger": {Changes: true, Fields: []Field{
		{Name: "act", Required: true, OneOf: []string{"freeze", "unfreeze", "promote", "traffic-mode"}, Text: "what to ask the messenger for"},
		{Name: "site", Required: true, Text: "which of its sites"}, {Name: "service", Text: "which service"}, {Name: "mode", OneOf: []string{"normal", "emergency"}, Text: "traffic mode"}}},
	"facility": {Changes: true, Fields: []Field{
		{Name: "command", Required: true, Text: "of the command gateway, interlocks and all"}}},
	"failover": {Fields: []Field{
		{Name: "group", Required: true, Text: "failover group; a run under way is joined"},
		{Name: "trigger", Required: true, OneOf: []string{TriggerOrder, TriggerDrill, TriggerFailback}, Text: "kind of run"}}},
	"notify": {Fields: []Field{
		{Name: "to", Required: true, Text: "person, team or everyone"}, {Name: "text", Required: true, Text: "what to say"}}},
	"wait":      {Fields: []Field{{Name: "for", Required: true, Text: "how long, like 30s"}}},
	"manual":    {Human: true, Fields: []Field{{Name: "text", Required: true, Text: "what the person does"}}},
	"vote":      {Human: true, Fields: []Field{{Name: "motion", Required: true, OneOf: []string{MotionDeclare, MotionCancel, MotionStandDown}, Text: "kind of motion waited for"}}},
	"synthetic": {Looks: true, Fields: []Field{{Name: "site", Required: true, Text: "which site"}, {Name: "check", Required: true, OneOf: targetChecks, Text: "what a user does"}}},
	"fact": {Looks: true, Fields: []Field{{Name: "name", Required: true, Text: "a fact the desk knows"}, {Name: "equals", Required: true, Text: "what it has to be"},
		{Name: "within", Text: "how long it may take to become so, like 30s; 5s when not given"}}},
}

// Kinds gives every sort of act by its name, for forms and documents. The caller must not change it.
func Kinds() map[string]Kind { return kinds }
