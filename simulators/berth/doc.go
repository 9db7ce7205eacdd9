// Package berth keeps the address of a simulated device while the device is away: switched off, or without its link. An
// address enters, and is held until its owner has come back. It serves nobody and opens no listener of its own.
package berth
