// The streams that screens ask for.

/** A screen's stream; what follows & narrows it. */
export type View =
  | 'overview'
  | 'battery'
  | `battery&room=${string}`
  | 'rooms'
  | 'alarms'
  | 'alarms&alarms=pieces'
  | 'journal'
  | 'all'
  | 'points'
  | `points&ids=${string}`
  | 'continuity'
