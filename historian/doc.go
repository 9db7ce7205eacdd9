// Package historian keeps time: the embedded store that the console's trends read, and the forwarder
// that brings the same samples to InfluxDB.
//
// In: batches of samples from the field's spool, each with its position. Out: buckets of a point's
// history, and lines in InfluxDB. It never blocks acquisition: it reads behind the spool, and what it
// has not stored stays there.
package historian
