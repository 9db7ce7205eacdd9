package shared

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sample() Entry {
	at := time.Date(2026, 10, 15, 6, 19, 0, 123e6, time.UTC)
	return Entry{
		Version: entryVersion, Seq: 7, Time: at, Kind: "stage", Actor: "fire", Subject: "dc1/b1/r3", Data: json.RawMessage(`{"to":"S2"}`),
		Key: "k", Site: "dc1", Node: "a", Epoch: 3, Prev: "aa",
		Origin: &Origin{Field: "f", Journal: "j", Seq: 9, Time: at, Hash: "bb"},
	}
}

// Each field of an entry and of its origin is under the hash.
func TestHashCoversEveryField(t *testing.T) {
	base := sample().sum()
	change := func(v reflect.Value) {
		switch x := v.Interface().(type) {
		case string:
			v.SetString(x + "x")
		case uint64:
			v.SetUint(x + 1)
		case time.Time:
			v.Set(reflect.ValueOf(x.Add(time.Millisecond)))
		case json.RawMessage:
			v.Set(reflect.ValueOf(json.RawMessage(`{}`)))
		case *Origin:
			v.Set(reflect.Zero(v.Type()))
		default:
			t.Fatalf("a field of type %T is not tried", x)
		}
	}
	for i := range reflect.TypeFor[Entry]().NumField() {
		name := reflect.TypeFor[Entry]().Field(i).Name
		if name == "Hash" || name == "Version" { // the hash itself, and a constant in it
			continue
		}
		e := sample()
		change(reflect.ValueOf(&e).Elem().Field(i))
		if e.sum() == base {
			t.Errorf("%s is not under the hash", name)
		}
	}
	for i := range reflect.TypeFor[Origin]().NumField() {
		e := sample()
		change(reflect.ValueOf(e.Origin).Elem().Field(i))
		if e.sum() == base {
			t.Errorf("origin's %s is not under the hash", reflect.TypeFor[Origin]().Field(i).Name)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	e := sample()
	e.Hash = e.sum()
	f.Add([]byte(mustJSON(f, e)))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(b)
		if err != nil {
			return
		}
		again, err := decodeEntry([]byte(mustJSON(t, e)))
		if err != nil || again.sum() != e.Hash {
			t.Errorf("%q is accepted but not when written back: %v", b, err)
		}
	})
}
