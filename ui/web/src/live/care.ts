// What is kept beside the fire response, as the field tells it: drills, rounds, banks, proof tests.

import type { Stage, Text } from './types'

/** A drill that runs in a room: nothing in it has reached an output. */
export interface Drill {
  by: string
  from: string
  until: string
  rack?: string
  temp_c: number | null
  stage: Stage
  orders: { name: string; at: string }[]
  alarms: DrillAlarm[]
}

/** An alarm that stands in a drill: nobody has to acknowledge it. */
export interface DrillAlarm {
  key: string
  priority: number
  text: Text
  since: string
}

export interface FireRound {
  at: string
  by: string
  sign: boolean
  note?: string
}

export interface FireBank {
  bar: number | null
  intact: boolean
  low: boolean
  released: boolean
  lent_to?: string
  donors: string[]
}

export interface FireTank {
  level_pct: number | null
  inflow_l_min: number
  free_l: number | null
  full_min: number | null
}

export interface ProofDue {
  subject: string
  test: string
  name: Text
  last: string | null
  due: string
  overdue?: boolean
  failed?: boolean
}

export interface ProofRun {
  subject: string
  test: string
  name: Text
  by: string
  since: string
  signals: { name: string; point: string; want: string; value: number | null; seen: string | null }[]
}

export interface ProofResult {
  subject: string
  test: string
  name: Text
  at: string
  by: string
  passed: boolean
  seen: string[]
  note?: string
}
