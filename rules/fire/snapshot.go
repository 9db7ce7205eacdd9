package fire

// Snapshot is the state a restart takes up again; it marshals to JSON.
type Snapshot struct {
	Version int `json:"version"`
}
