// The records of the API, as docs/api.md names them. Times are RFC 3339 UTC texts.

import type { Tally } from './tally'
import type {
  Drill,
  DrillAlarm,
  FireBank,
  FireRound,
  FireTank,
  ProofDue,
  ProofResult,
  ProofRun,
} from './care'

export type Lang = 'ko' | 'en'

export interface Text {
  ko: string
  en: string
}

export const qualities = ['unknown', 'good', 'uncertain', 'bad', 'stale'] as const
export type Quality = (typeof qualities)[number]

export type Flag = 'substituted' | 'simulated' | 'bypassed' | 'obscured' | 'out-of-service'

export interface Session {
  user: string
  name: string
  names?: Text
  roles: string[]
  last_login: string | null
  /** This browser, as the organisation's journal names it. */
  station?: string
  factor?: boolean
  /** May do nothing before a second factor is enrolled. */
  enrol?: boolean
}

export interface Site {
  id: string
  name: Text
  timezone: string
  revision: string
  /** By which the field works; the node follows it. */
  field_revision?: string
  node: string
  build: string
  demo: boolean
  drill: boolean
  lang: Lang
  /** Whether the site takes part in an organisation of all sites; a server that does not say is asked. */
  continuity?: boolean
  simulator?: boolean
  /** The fire response's rooms. */
  rooms?: string[]
}

export interface Asset {
  id: string
  kind: string
  name: Text
  parent?: string
  row?: number
  col?: number
}

export interface Point {
  id: string
  name: string
  names?: Text
  asset: string
  unit: string
  value: number | null
  quality: Quality
  reason: string
  time: string | null
  kind?: string
  digits?: number
  enum?: Record<string, Text> | null
  min?: number
  max?: number
  flags?: Flag[] | null
}

export type AlarmState =
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned-unacknowledged'
  | 'latched-unacknowledged'
  | 'latched-acknowledged'
  | 'shelved'
  | 'suppressed'
  | 'out-of-service'
  | 'normal'

export interface Alarm {
  id: string
  point: string
  asset: string
  priority: number
  state: AlarmState
  text: string
  texts?: Text
  raised: string | null
  /** When it came out of hiding and called, where that is later. */
  called?: string | null
  acked: string | null
  acked_by?: string
  returned: string | null
  value: number
  limit: number
  unit: string
  quality: Quality
  class: string
  active: boolean
  count: number
  occurrence: number
  revision: number
  consequence?: Text
  action?: Text
  parent?: string
  /** Seconds that the operator has. */
  respond_s?: number
  /** Why it is suppressed by design, while it is. */
  design?: Text
  shelved_to?: string | null
  reason?: string
  /** When the device took the value that began it. */
  source?: string | null
  work_order?: string
  /** What people wrote beside it, the newest ten, oldest first. */
  notes?: AlarmNote[]
}

export interface AlarmNote {
  /** Counted from the alarm's first one. */
  n: number
  act: string
  at: string
  by: string
  occurrence: number
  revision: number
  text: string
}

/** "unknown" until the field has said a stage: normal is never assumed. */
export type Stage = 'unknown' | 'S0' | 'SP' | 'S1' | 'S2' | 'S3' | 'S4' | 'S5A' | 'S5B' | 'S5C' | 'S6'

export type FireCommandState = 'idle' | 'sent' | 'confirmed' | 'failed' | 'inhibited'

export interface FireCommand {
  name: string
  state: FireCommandState
  attempts: number
  sent: string | null
  confirmed: string | null
  feedback?: string
  point?: string
}

export interface FireChannel {
  point: string
  value: number | null
  state: string
  over: number[] | null
  quality: Quality
}

export interface Rack {
  id: string
  asset: string
  stage: Stage
  channels: Record<string, FireChannel>
  evidence: string[] | null
  votes: Record<string, number> | null
  hottest: number | null
  rate_per_min: number | null
  commands: FireCommand[] | null
}

export interface Room {
  id: string
  asset: string
  stage: Stage
  mode: string
  control: string
  drill: boolean
  occupied: number | null
  lel: number | null
  asd: number | null
  countdown_s: number | null
  holds: string[] | null
  water_since: string | null
  commands: FireCommand[] | null
  racks: Rack[]
  /** The field is silent: everything here is as last known. */
  stale?: boolean
  kind?: string
  /** End of the fire watch, and when somebody has to look next. */
  watch_to?: string | null
  next_round?: string | null
  rounds?: FireRound[]
  bank?: FireBank | null
  tank?: FireTank | null
  tests?: ProofDue[]
  testing?: ProofRun[]
  tested?: ProofResult[]
  drilled?: Drill | null
}

export interface CommandRecord {
  id: string
  name: string
  command: string
  asset: string
  by: string
  state: string
  attempt: number
  requested: string
  sent: string | null
  accepted: string | null
  confirmed: string | null
  error?: string
  detail?: string
  /** Of a person's order. */
  kind?: string
  args?: Record<string, string>
  value?: number
  reason?: string
  station?: string
  second?: string
  until?: string
  authorised?: string
  selected?: string
  ended?: string
  ended_by?: string
  fallback?: string
  fallback_of?: string
  /** When the device took the selection back. */
  withdrawn?: string
  /** Asked in a drill: nothing real is done. */
  drill?: boolean
}

export interface Link {
  id: string
  protocol: string
  address: string
  connected: boolean
  last_good: string | null
  next_try: string | null
  error?: string
  requests: number
  failures: number
  overruns: number
  /** MQTT: messages of topics that belong to no device; values told late; devices with a wrong clock or firmware. */
  unbound?: number
  historical?: number
  skewed?: number
  doubted?: number
  /** On a site with collectors: who serves it, and since when. */
  owner?: string
  owned_since?: string | null
}

export interface Entry {
  seq: number
  time: string
  kind: string
  actor: string
  subject: string
  data: unknown
  hash: string
  /** Of the journal all sites share: where it was written, and by which leader. */
  site?: string
  node?: string
  epoch?: number
  origin?: { field: string; seq: number; time: string } | null
}

/** What a reload of the site's files would do, or did. */
export interface Reload {
  state: 'planned' | 'begun' | 'done' | 'handed-over' | 'same' | 'refused' | 'lost'
  by: string
  from: string
  to?: string
  reach: 'nothing' | 'words' | 'rules' | 'links' | 'table' | 'process'
  links: string[]
  rules: string[]
  fire: boolean
  changes: string[]
  more: number
  refused: string[]
  faults: ReloadFault[]
}

export interface ReloadFault {
  file: string
  line: number
  col: number
  path: string
  text: string
  warning: boolean
}

export interface FieldHealth {
  connected: boolean
  age_ms: number
  collecting: boolean
  journal_ok: boolean
  journal_gap: string
}

/** A drill that runs in a fire room, as every screen is told of it. */
export interface Drilled {
  room: string
  by: string
  until: string
  stage: Stage
  /** What stands in the drill, the most urgent and newest first; none of it is among the real alarms. */
  alarms?: DrillAlarm[]
}

export interface Heartbeat {
  t: number
  build: string
  /** Of the site this node shows. */
  revision?: string
  lag_ms: number
  drill: boolean
  drills?: Drilled[]
  field: FieldHealth
  links: Link[] | null
}

export interface SnapPoint {
  id: string
  v: number | null
  q: Quality
  r?: string
  t?: string | number | null
}

export interface Snap {
  seq: number
  t: number | string
  points: SnapPoint[] | null
  alarms: Alarm[] | null
  rooms: Room[] | null
  cmds: CommandRecord[] | null
  links: Link[] | null
  /** Of all open alarms, where the snapshot has only the first of them; the others follow in pieces. */
  tally?: Tally[]
}

export interface Tick {
  s: number
  t: number
  i: number[] | null
  v: (number | null)[] | null
  q?: Record<string, Quality> | null
}

export interface Bucket {
  t: string | number
  min: number
  max: number
  last: number
  quality: Quality
}

/** The air inlets of one hall; values and qualities in the order of its plan. */
export interface Hall {
  id: string
  of: number
  silent: number
  hottest: { rack: string; name: Text; value: number; quality: Quality; time: string | null } | null
  values: (number | null)[]
  /** One letter a rack. */
  quality: string
}

export interface HallPlan {
  id: string
  name: Text
  racks: string[]
  rows: number[]
  cols: number[]
}
