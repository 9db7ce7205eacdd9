// Which words a screen needs beside those of the frame. A phone at the edge of a network should not
// wait for words it never shows; a test holds each screen to its list.

export const needs = {
  overview: ['desk', 'overview', 'fire', 'supply', 'reading'],
  battery: ['desk', 'fire', 'trends', 'danger', 'supply', 'reading', 'care'],
  handover: ['handover', 'fire'],
  cooling: ['desk', 'supply', 'reading'],
  line: ['desk', 'line', 'supply', 'reading'],
  alarms: ['desk', 'alarms', 'trends', 'reading'],
  journal: ['desk', 'journal', 'fire', 'continuity', 'states', 'moves', 'said', 'refusals'],
  orders: ['desk', 'orders', 'fire', 'danger', 'reading', 'supply'],
  sim: ['desk', 'sim', 'fire', 'reading'],
  trends: ['desk', 'trends', 'reading'],
  war: ['desk', 'continuity', 'states', 'war', 'moves', 'said', 'refusals', 'journal', 'fire', 'danger'],
  failover: ['desk', 'continuity', 'states', 'failover', 'said', 'refusals', 'danger', 'reading'],
  sites: ['desk', 'sites', 'continuity', 'states', 'journal', 'fire', 'moves', 'said', 'refusals'],
  account: ['desk', 'account'],
  system: ['desk', 'system', 'reading'],
  phone: ['continuity', 'phone', 'refusals'],
} as const satisfies Record<string, readonly string[]>

/** What the late parts of the frame say: the ways to other screens, the newest alarm, orders and drills under way. */
export const late = 'desk'

export type ScreenName = keyof typeof needs
