// Who may press what. The server decides; this only says beforehand what it would refuse.

export type Right =
  | 'alarm'
  | 'service'
  | 'normal'
  | 'bypass'
  | 'inhibit'
  | 'release'
  | 'reset'
  | 'takeover'
  | 'power-cut'
  | 'end'
  | 'bank-ready'
  | 'drill'
  | 'end-drill'
  | 'proof'
  | 'round'
  | 'simulate'
  | 'command'
  | 'ask'
  | 'reload'

const holders: Record<Right, readonly string[]> = {
  alarm: ['operator', 'lead', 'safety', 'facilities'],
  /** Taking an alarm out of service and back. */
  service: ['lead', 'facilities'],
  /** Taking what a point shows as its new normal. */
  normal: ['lead', 'facilities'],
  bypass: ['facilities'],
  inhibit: ['facilities'],
  release: ['safety'],
  reset: ['safety'],
  takeover: ['authority'],
  'power-cut': ['authority'],
  /** Ending a bypass or an inhibit. */
  end: ['facilities', 'lead', 'safety'],
  'bank-ready': ['facilities'],
  drill: ['safety'],
  'end-drill': ['safety', 'lead'],
  proof: ['facilities', 'safety'],
  round: ['operator', 'lead', 'safety', 'facilities'],
  simulate: ['lead', 'safety', 'admin', 'operator'],
  reload: ['admin'],
  command: ['operator', 'lead', 'safety', 'facilities'],
  /** Of the organisation, which judges by its own roster. */
  ask: ['operator', 'lead', 'safety', 'facilities', 'authority', 'chair', 'member', 'tower'],
}

export function may(right: Right, roles: readonly string[]): boolean {
  return holders[right].some((r) => roles.includes(r))
}

const seconds: Partial<Record<Right, readonly string[]>> = {
  service: ['lead', 'safety', 'facilities'],
  bypass: ['lead', 'safety', 'facilities'],
  inhibit: ['lead', 'safety', 'facilities'],
  release: ['lead', 'safety'],
  reset: ['lead', 'safety'],
  takeover: ['authority'],
  'power-cut': ['authority'],
  'bank-ready': ['safety'],
}

/** The roles that can be the second person of an act that takes two. */
export const whoSeconds = (right: Right): readonly string[] => seconds[right] ?? []

/** The roles that hold a right, for the sentence that says why a control is off. */
export function whoMay(right: Right): readonly string[] {
  return holders[right]
}
