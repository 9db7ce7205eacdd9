// Which words a screen needs beside those of the frame. A phone at the edge of a network should not
// wait for words it never shows; a test holds each screen to its list.

export const needs = {
  overview: ['overview', 'fire', 'supply'],
  battery: ['fire', 'trends', 'danger', 'supply'],
  cooling: ['supply'],
  alarms: ['alarms', 'trends'],
  journal: ['journal', 'fire', 'continuity', 'states', 'moves', 'said', 'refusals'],
  orders: ['orders', 'fire', 'danger'],
  sim: ['sim', 'fire'],
  trends: ['trends'],
  war: ['continuity', 'states', 'war', 'moves', 'said', 'refusals', 'journal', 'fire', 'danger'],
  failover: ['continuity', 'states', 'failover', 'said', 'refusals', 'danger'],
  system: ['system'],
  phone: ['continuity', 'phone', 'refusals'],
} as const satisfies Record<string, readonly string[]>

export type ScreenName = keyof typeof needs
