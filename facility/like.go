package facility

import (
	"path/filepath"
	"reflect"
)

// like fills what the site file leaves out from another site file: one building under several arrangements (alone,
// or as one of three) stands in one file. Each section is one or the other's, whole. Names of files in the other one
// mean what they would mean here: both folders stand beside each other.
func (c *checker) like(files Files, seen func([]byte)) {
	s, d := c.site, c.d
	if s.Like == "" || d.broken {
		return
	}
	file := filepath.Join(filepath.Dir(s.File), s.Like)
	if filepath.Dir(filepath.Dir(file)) != filepath.Dir(filepath.Dir(filepath.Clean(s.File))) {
		d.fault("like", "%s has to stand in a folder beside this site's: its names of files are read from here", file)
		return
	}
	text, err := files.Read(file)
	if err != nil {
		d.fault("like", "%s cannot be read: %s", file, unwrapped(err))
		d.broken = true // what is missing from here may stand there
		return
	}
	seen(text)
	other := &Site{}
	outer := d.file
	d.file = file
	d.read(text, other)
	d.file = outer
	if other.Like != "" || len(other.Include) > 0 {
		d.fault("like", "%s is itself made of several files: name one that is whole", file)
		return
	}
	mine, theirs := reflect.ValueOf(s).Elem(), reflect.ValueOf(other).Elem()
	for i := range mine.NumField() {
		if mine.Type().Field(i).Tag.Get("yaml") == "-" || !mine.Type().Field(i).IsExported() || !mine.Field(i).IsZero() {
			continue
		}
		mine.Field(i).Set(theirs.Field(i))
	}
}
