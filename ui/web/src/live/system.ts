// What the node says of its own parts, and what of it needs a person, in the order of weight.

import type { Control } from './picture'
import { millis } from './store'
import type { FieldHealth, Link } from './types'

export interface Keeper {
  name: 'embedded' | 'influx'
  ok: boolean
  why?: string
  points?: number
  refused: number
  amended?: number
  behind: boolean
  newest?: string
  reached?: string
}

export interface DeviceTrouble {
  id: string
  asset: string
  link: string
  points: number
  missing: number
  reason?: string
  last_seen: string | null
  away?: boolean
  skew_ms?: number
}

export interface Member {
  name: string
  address: string
  ok: boolean
  why?: string
  leader: boolean
  index?: number
  bytes?: number
  build?: string
  at?: string
  /** When the certificate ends that it shows. */
  ends?: string
}

/** A process that serves links beside the field's. */
export interface Collector {
  name: string
  connected: boolean
  since: string | null
  build?: string
  from?: string
  links: string[]
  own: number
  lag_ms: number
  clock_ms: number
  samples: number
  late: number
  refused: number
  evicted: number
  why?: string
}

/** This node's own copy of the shared journal. */
export interface Archive {
  entry: number
  held: number
  missing?: number
  floor?: number
  tip: number
  bytes: number
  nodes?: ArchiveNode[] | null
  why?: string
}

/** A node as its history was last compared with this one's. */
export interface ArchiveNode {
  node: string
  held: number
  entry?: number
  agrees: boolean
  state: 'same' | 'other' | 'unknown'
  why?: string
}

export interface SystemNode {
  node: string
  role: 'field' | 'desk'
  at?: string | null
  started: string | null
  build?: string
  revision?: string
  health?: FieldHealth
  journal_seq?: number
  spool_ok?: boolean
  spool_bytes?: number
  spool_most?: number
  evicted?: number
  points?: number
  links?: Link[] | null
  collectors?: Collector[] | null
  unserved?: string[] | null
  devices?: DeviceTrouble[] | null
  devices_more?: number
  viewers?: number
  lag_ms?: number
  history?: Keeper[] | null
  members?: Member[] | null
  relay?: { seq: number; carried: number; why?: string } | null
  archive?: Archive | null
}

export interface System {
  field: SystemNode
  desk: SystemNode
}

const nobody = (role: 'field' | 'desk'): SystemNode => ({ node: '', role, started: null })

export function readSystem(items: readonly SystemNode[] | null): System {
  const of = (role: 'field' | 'desk') => items?.find((n) => n.role === role) ?? nobody(role)
  return { field: of('field'), desk: of('desk') }
}

/** One thing that is wrong, as a key of the words with its values. */
export interface Wrong {
  key: string
  values?: Record<string, string | number>
  /** The part of the screen that says more. */
  part: 'processes' | 'links' | 'collectors' | 'devices' | 'keeping' | 'common'
}

/** A backlog younger than this is the ordinary way of a sample. */
export const backlogFrom = 60_000

/** How long a keeper lacks what came after what it has, in ms; 0 while it keeps up or is not known to lag. */
export function behindBy(k: Keeper, at: number): number {
  const reached = millis(k.reached)
  const by = reached ? at - reached : 0
  return by >= backlogFrom ? by : 0
}

/** A certificate that ends sooner than this is to be renewed now. */
const renewFrom = 30 * 86_400_000

/** Whole days until a server's certificate ends, when that is soon; negative once it is over. */
export function endsIn(m: Member, at: number): number | undefined {
  const ends = millis(m.ends)
  return ends && at && ends - at < renewFrom ? Math.floor((ends - at) / 86_400_000) : undefined
}

/** Everything that needs a person now, the heaviest first. `at` is the server's time of the answer. */
export function wrongs(s: System, links: readonly Link[], control: Control | undefined): Wrong[] {
  const at = millis(s.desk.at)
  const out: Wrong[] = []
  const say = (when: boolean | undefined, part: Wrong['part'], key: string, values?: Wrong['values']) => {
    if (when) out.push({ key, part, values })
  }
  const h = s.field.health
  say(h && !h.connected, 'processes', 'sys.wrong.field')
  if (h?.connected) {
    say(!h.collecting, 'links', 'sys.wrong.collecting')
    say(!h.journal_ok, 'keeping', 'sys.wrong.journal')
  }
  say(!!h?.journal_gap, 'keeping', 'sys.wrong.gap')
  say(control && !control.quorum, 'common', 'sys.wrong.quorum')
  for (const m of s.desk.members ?? []) say(!m.ok, 'common', 'sys.wrong.member', { name: m.name })
  for (const m of s.desk.members ?? []) {
    const days = endsIn(m, at)
    say(days !== undefined, 'common', 'sys.wrong.certificate', { name: m.name, days: days ?? 0 })
  }
  say(!!s.desk.relay?.why, 'common', 'sys.wrong.relay')
  const archive = s.desk.archive
  say(!!archive?.why, 'common', 'sys.wrong.archive')
  say(!!archive?.missing, 'common', 'sys.wrong.archive-missing', { n: archive?.missing ?? 0 })
  for (const n of archive?.nodes ?? []) say(!!n.why, 'common', 'sys.wrong.differs', { name: n.node })
  say(s.field.spool_ok === false, 'keeping', 'sys.wrong.spool')
  for (const k of s.desk.history ?? []) {
    say(!k.ok, 'keeping', `sys.wrong.${k.name}`)
    say(k.ok && behindBy(k, at) > 0, 'keeping', `sys.wrong.${k.name}-behind`)
  }
  const down = links.filter((l) => !l.connected)
  say(down.length > 0, 'links', 'sys.wrong.links', { n: down.length, of: links.length })
  const bare = s.field.unserved ?? []
  say(bare.length > 0, 'collectors', 'sys.wrong.unserved', {
    n: bare.length,
    names: bare.slice(0, 5).join(', ') + (bare.length > 5 ? ', …' : ''),
  })
  for (const c of s.field.collectors ?? [])
    say(!c.connected, 'collectors', 'sys.wrong.collector', { name: c.name })
  const devices = (s.field.devices?.length ?? 0) + (s.field.devices_more ?? 0)
  say(devices > 0, 'devices', 'sys.wrong.devices', { n: devices })
  const other = s.field.revision && s.desk.revision && s.field.revision !== s.desk.revision
  say(!!other, 'processes', 'sys.wrong.revision')
  say(!!s.field.build && !!s.desk.build && s.field.build !== s.desk.build, 'processes', 'sys.wrong.build')
  return out
}

/** A size in the unit a person would use. */
export function size(bytes: number): { n: string; unit: string } {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  let n = bytes
  while (n >= 1000 && at < units.length - 1) {
    n /= 1000
    at++
  }
  return { n: n >= 100 || at === 0 ? n.toFixed(0) : n.toFixed(1), unit: units[at] ?? 'B' }
}

/** What is odd on a link beside failures, as keys of the words with a count. */
export function oddities(l: Link): { key: string; n: number }[] {
  return (['unbound', 'historical', 'skewed', 'doubted'] as const)
    .map((what) => ({ key: what, n: l[what] ?? 0 }))
    .filter((o) => o.n > 0)
}
