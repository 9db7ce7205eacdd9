// Which words a screen needs beside those of the frame. A phone at the edge of a network should not
// wait for words it never shows; a test holds each screen to its list.

export const needs = {
  overview: ['overview', 'fire', 'supply', 'reading'],
  battery: ['fire', 'trends', 'danger', 'supply', 'reading'],
  cooling: ['supply', 'reading'],
  line: ['line', 'supply', 'reading'],
  alarms: ['alarms', 'trends', 'reading'],
  journal: ['journal', 'fire', 'continuity', 'states', 'moves', 'said', 'refusals'],
  orders: ['orders', 'fire', 'danger', 'reading'],
  sim: ['sim', 'fire', 'reading'],
  trends: ['trends', 'reading'],
  war: ['continuity', 'states', 'war', 'moves', 'said', 'refusals', 'journal', 'fire', 'danger'],
  failover: ['continuity', 'states', 'failover', 'said', 'refusals', 'danger', 'reading'],
  sites: ['sites', 'continuity', 'states', 'journal', 'fire', 'moves', 'said', 'refusals'],
  system: ['system', 'reading'],
  phone: ['continuity', 'phone', 'refusals'],
} as const satisfies Record<string, readonly string[]>

export type ScreenName = keyof typeof needs
