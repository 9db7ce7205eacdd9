// The runs of the picture: failover groups with their machines, playbooks with their steps.

import type { Time } from './picture'
import type { Text } from './types'

export type RunState =
  | 'ARMED'
  | 'SUSPECT'
  | 'CONFIRMED'
  | 'PRECHECK'
  | 'AWAIT_AUTH'
  | 'FENCING'
  | 'DATA_GATE'
  | 'PROMOTING'
  | 'VERIFY_TARGET'
  | 'SHED'
  | 'SHIFT_CANARY'
  | 'SHIFT_FULL'
  | 'VERIFY_PUBLIC'
  | 'COMPLETE'
  | 'HOLD'
  | 'COMPENSATING'
  | 'ABORTED'
  | 'FAILED'

export interface Hold {
  from: RunState
  why: string
  since?: Time
  auto: number
}

export interface Proof {
  how: string
  epoch?: number
  at?: Time
}

export interface Approval {
  person: string
  station?: string
  yes: boolean
  at?: Time
}

export interface Override {
  by: string[] | null
  why: string
  at?: Time
}

export type ActState = 'intended' | 'done' | 'not-done' | 'unknown'

export interface ActRecord {
  key: string
  kind: string
  to?: string
  epoch: number
  state: ActState
  intended?: Time
  answered?: Time
  detail?: string
  probes?: number
}

/** A failover group and, once there was a turn, the machine of its run. */
export interface Group {
  id: string
  tier: number
  services: string[]
  target_ns: number
  state?: RunState
  since?: Time
  source?: string
  target?: string
  epoch?: number
  want?: number
  trigger?: string
  by?: string
  triggered?: Time
  served?: Time
  ended?: Time
  deadline?: Time
  approvals?: Approval[] | null
  granted?: string
  fence?: Proof | null
  data?: Proof | null
  waves?: string[][] | null
  wave?: number
  share?: number
  moved?: boolean
  hold?: Hold | null
  overrides?: Record<string, Override> | null
  asked?: boolean
  guard?: string
  pending: ActRecord[]
  path: RunState[]
}

export interface Brake {
  on: boolean
  why?: string
  since?: Time
}

export type StepState =
  | 'PENDING'
  | 'READY'
  | 'INTENT'
  | 'RUNNING'
  | 'VERIFYING'
  | 'UNKNOWN'
  | 'WAIT_HUMAN'
  | 'DONE'
  | 'SKIPPED'
  | 'FAILED'
  | 'COMPENSATING'
  | 'COMPENSATED'
  | 'COMP_UNKNOWN'

export interface StepAct {
  kind: string
  with?: Record<string, string> | null
}

export interface Step {
  id: string
  title: Text
  owner: string
  deputy: string
  depends_on?: string[] | null
  do: StepAct
  undo?: StepAct | null
  irreversible?: string
  timeout: number
  hold?: string
  evidence?: string
}

export interface StepRun {
  id: string
  state: StepState
  since?: Time
  epoch: number
  attempt: number
  released?: string
  level: number
  why?: string
  evidence?: string
  by?: string
}

export interface Playbook {
  id: string
  title: Text
  text: Text
  begins?: string
  steps: Step[]
}

export interface Play {
  id: string
  state: 'RUNNING' | 'DONE' | 'STOPPED'
  playbook: Playbook
  started?: Time
  by: string
  drill: boolean
  site?: string
  call?: number
  steps: Record<string, StepRun>
}
