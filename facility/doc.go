// Package facility holds the nouns every other room shares: site, asset, device, point, sample,
// quality, alarm and command, the bus that carries samples and the view of the newest ones.
//
// In: a site file and its profiles (the only input/output here is reading those files).
// Out: a checked Site, and values handed from room to room.
// It never opens a socket, starts a goroutine or imports another room of ours.
package facility
