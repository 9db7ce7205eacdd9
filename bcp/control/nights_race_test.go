//go:build race

package control

// nights is fewer under the race detector, where each takes six times as long.
const nights = 50
