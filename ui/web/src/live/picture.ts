// The situation of the whole organisation as the server tells it: one value, replaced whole. Durations
// end in _ns; a time that has not come is absent. Lists may be null where nothing is in them.

import type { Group, Brake, ActRecord, Play, Playbook } from './picture-runs'
import type { Lang, Text } from './types'

export type * from './picture-runs'

export type Tri = 'yes' | 'no' | 'unknown'
export type Time = string | undefined

export interface Picture {
  at: string
  control: Control
  org: Org
  incidents: Incident[]
  motions: Motion[]
  summons: Summons[]
  groups: Group[]
  brake: Brake
  plays: Play[]
  services: Service[]
  playbooks: Playbook[]
  waiting: Waiting[]
  doubts: ActRecord[]
  sites: SiteState[]
  names: Names[]
  orders: StandingOrder[]
  people: Person[]
  teams: Team[]
  place: Place
}

export interface Control {
  node: string
  leader: string
  leads: boolean
  epoch: number
  quorum: boolean
  seq: number
  since?: Time
  why?: string
  readiness: Tri
  readiness_at?: Time
  missing?: string[] | null
}

export type OrgState = 'NORMAL' | 'ALERT' | 'PENDING' | 'DECLARED' | 'RECOVERY' | 'REVIEW' | 'STABILISING'

export interface Glass {
  by: string
  rules: string[] | null
  why: string
  at?: Time
  until?: Time
  ratified?: boolean
  lapsed?: boolean
}

export interface Org {
  state: OrgState | ''
  since?: Time
  site: string
  call: number
  acting: number
  how: string
  declared?: Time
  glass?: Glass | null
  started?: string[] | null
}

export type IncidentState =
  | 'DETECTED'
  | 'TRIAGE'
  | 'DECLARED'
  | 'HANDLING'
  | 'MITIGATED'
  | 'CLOSED'
  | 'FOLLOW_UP'
  | 'ARCHIVED'
  | 'DISMISSED'

export interface Evidence {
  id: string
  kind: string
  site: string
  subject?: string
  stage?: number
  votes?: number
  sensors?: string[] | null
  person?: string
  at?: Time
  deadline?: Time
  gone?: boolean
  what?: string
}

export interface Clocks {
  evidence?: Time
  since_first_ns: number
  to_decision_ns?: number | null
  overdue?: Time
  status_due?: Time
  notice_due?: Time
  compensation_due?: Time
  retrospective_due?: Time
}

export interface Action {
  what: string
  owner: string
  due: string
}

export interface Incident {
  id: string
  state: IncidentState
  site: string
  subject: string
  grade: number
  evidence: Evidence[]
  roles: Record<string, string>
  actions?: Action[] | null
  opened?: Time
  since?: Time
  declared?: Time
  closed?: Time
  late: number
  clocks: Clocks
  /** Events of the state's table; some are people's. */
  can: string[]
}

export interface Seat {
  person: string
  /** Place in the chair line from 1, 0 for none. */
  chair: number
  recovery?: boolean
}

export type Choice = 'yes' | 'no' | 'abstain'

export interface Ballot {
  person: string
  for?: string[] | null
  choice?: Choice | ''
}

export interface Tally {
  seats: number
  needed: number
  present: number
  chair: boolean
  recovery: boolean
  quorum: boolean
  yes: number
  no: number
  abstain: number
  tie?: string
  result?: string
  settled: boolean
}

export interface Vote extends Ballot {
  channel: string
  at?: Time
  tally: Tally
}

export type MotionState = 'DRAFT' | 'OPEN' | 'WITHDRAWN' | 'PASSED' | 'REJECTED' | 'EXPIRED'

export interface Motion {
  id: string
  state: MotionState
  kind: string
  text: string
  site?: string
  proposer: string
  acting: number
  seats: Seat[]
  opened?: Time
  deadline?: Time
  closed?: Time
  extended?: boolean
  ballots: Ballot[]
  votes: Vote[]
  tally: Tally
}

export type SummonsState =
  'PENDING' | 'SENT' | 'DELIVERED' | 'ACKED' | 'UNREACHABLE' | 'JOINED' | 'DECLINED' | 'COVERED'

export interface Summons {
  id: string
  call: string
  person: string
  for?: string
  state: SummonsState
  asked?: Time
  since?: Time
  sent?: Time
  last?: string
  tried?: string[] | null
  joined?: Time
  alone?: boolean
}

export interface Service {
  id: string
  tier: number
  owner: string
  depends_on?: string[] | null
  state: string
  since?: Time
  reason?: string
  roots: string[]
}

export interface Waiting {
  id: string
  kind: string
  subject?: string
  by: { person: string; station?: string }[]
  args?: Record<string, string> | null
  at?: Time
}

export interface SiteService {
  id: string
  role: string
  epoch: number
  lag: number
}

export interface SiteState {
  id: string
  name: Text
  alive: Tri
  seen?: Time
  power: Tri
  serving: boolean
  share: number
  traffic?: string
  frozen?: boolean
  sessions: number
  capacity: number
  load: number
  services: SiteService[]
  stages?: Record<string, number> | null
}

export interface Names {
  server: string
  error?: string
  serial: number
  epoch: number
  shares: Record<string, number>
}

export interface StandingOrder {
  id: string
  text: string
  sites: string[]
  signed: { person: string; at: string }[]
  revoked?: boolean
  valid: boolean
  names: string[]
}

export interface Person {
  id: string
  name: Text
  seat?: Seat | null
  roles: string[]
  channels: string[]
  deputies: string[]
}

export interface Team {
  id: string
  name: Text
  kind: string
  lead: string
  deputy?: string
  duties?: string[] | null
  services?: string[] | null
}

export interface Place {
  bridge: string
  room: string
  alternate?: string
  remote?: string
}

/** An answer to an act of a person: done, or waiting for the second one. */
export interface Answer {
  id: string
  code: number
  detail: string
}

export const wordIn = (text: Partial<Text> | undefined, lang: Lang): string =>
  text?.[lang] || text?.ko || text?.en || ''
