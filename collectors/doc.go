// Package collectors holds the field wire: it reads Modbus units and MQTT devices and carries
// commands out to them.
//
// In: a checked site, and commands to execute. Out: batches of samples on the bus, receipts, and
// the status of each link. One goroutine owns each physical link (a Modbus endpoint, a serial line or
// an MQTT broker), so a sick device costs its neighbours on other links nothing.
// It never judges a value beyond its quality, never retries a write, and never waits for a reader
// of the bus.
package collectors
