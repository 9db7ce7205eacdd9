// The newest facts of one view, outside any framework. The stream writes; painters and leaf
// components read. Values stand in typed arrays indexed as the snapshot ordered them.

import type { Picture } from './picture'
import { readPicture } from './picture-read'
import type { AlarmPiece, Tally } from './tally'
import {
  qualities,
  type Alarm,
  type CommandRecord,
  type Entry,
  type Heartbeat,
  type Link,
  type Quality,
  type Room,
  type Snap,
  type Tick,
} from './types'

export type Connection = 'connecting' | 'live' | 'late' | 'lost'
export type Topic =
  'alarms' | 'rooms' | 'cmds' | 'links' | 'hb' | 'entries' | 'connection' | 'tick' | 'picture'

export interface Reading {
  value: number | null
  quality: Quality
  reason: string
  /** When the value was last known to be current, ms since 1970; 0 if never. */
  time: number
}

export const never: Reading = Object.freeze({ value: null, quality: 'unknown', reason: '', time: 0 })

const code = new Map<string, number>(qualities.map((q, i) => [q, i]))
const keptEntries = 200
const keptCommands = 200

/** A value that went stale was last current at least this long before the tick that said so. */
const staleFloor = 3000

type Schedule = (paint: () => void) => void

export class LiveStore {
  seq = 0
  time = 0
  connection: Connection = 'connecting'
  hb: Heartbeat | null = null
  /** How many alarms are open while only the first of them are here; null when all are. */
  tally: readonly Tally[] | null = null
  rooms: ReadonlyMap<string, Room> = new Map()
  commands: readonly CommandRecord[] = []
  links: readonly Link[] = []
  entries: readonly Entry[] = []
  /** The organisation's whole situation; null until the server has told it. */
  picture: Picture | null = null
  /** False when nothing was heard of the organisation for ten seconds. */
  pictureFresh = true

  private known = new Map<string, Alarm>()
  /** Somebody holds the map as it is: what changes next goes into another one. */
  private lent = false
  /** A snapshot's alarms of which not all have come yet. */
  private coming: { tally: Tally[]; alarms: Alarm[] } | null = null

  private ids: string[] = []
  private index = new Map<string, number>()
  private values = new Float64Array(0)
  private quality = new Uint8Array(0)
  private times = new Float64Array(0)
  private reasons: string[] = []
  private readings = new Map<string, Reading>()

  private pointSubs = new Map<string, Set<() => void>>()
  private topicSubs = new Map<Topic, Set<() => void>>()
  private dirtyPoints = new Set<string>()
  private dirtyTopics = new Set<Topic>()
  private scheduled = false

  constructor(private schedule: Schedule = (paint) => requestAnimationFrame(paint)) {}

  /** The ids of the view's points, in the order ticks index them. */
  pointIds(): readonly string[] {
    return this.ids
  }

  /** Another map after every change, but one for all changes of a moment: in a storm nobody looks at each. */
  get alarms(): ReadonlyMap<string, Alarm> {
    this.lent = true
    return this.known
  }

  /** One point as it stands; the same object until it changes, so a leaf renders only on change. */
  reading(id: string): Reading {
    const had = this.readings.get(id)
    if (had) return had
    const i = this.index.get(id)
    if (i === undefined) return never
    const v = this.values[i] ?? NaN
    const r: Reading = {
      value: Number.isNaN(v) ? null : v,
      quality: qualities[this.quality[i] ?? 0] ?? 'unknown',
      reason: this.reasons[i] ?? '',
      time: this.times[i] ?? 0,
    }
    // Nothing arriving means nothing is known to be current, whatever the last word was.
    if (this.connection === 'lost' && (r.quality === 'good' || r.quality === 'uncertain')) r.quality = 'stale'
    this.readings.set(id, r)
    return r
  }

  /** Replaces everything by a snapshot; subscriptions are by id and survive a new order. */
  snap(s: Snap): void {
    const points = s.points ?? []
    const n = points.length
    this.ids = points.map((p) => p.id)
    this.index = new Map(this.ids.map((id, i) => [id, i]))
    this.values = new Float64Array(n)
    this.quality = new Uint8Array(n)
    this.times = new Float64Array(n)
    this.reasons = points.map((p) => p.r ?? '')
    points.forEach((p, i) => {
      this.values[i] = p.v ?? NaN
      this.quality[i] = code.get(p.q) ?? 0
      this.times[i] = millis(p.t)
    })
    this.seq = s.seq
    this.time = millis(s.t)
    this.begin(s.alarms ?? [], s.tally)
    this.rooms = new Map((s.rooms ?? []).map((r) => [r.id, r]))
    this.commands = (s.cmds ?? []).slice(-keptCommands)
    this.links = s.links ?? []
    this.everyPointDirty()
    this.dirty('alarms', 'rooms', 'cmds', 'links', 'tick')
  }

  /** Takes one second of changes in. An older or doubled tick changes nothing and answers false. */
  tick(t: Tick): boolean {
    if (t.s < this.seq) return false
    this.seq = t.s
    this.time = t.t
    const at = t.i ?? []
    at.forEach((i, n) => {
      if (i >= this.ids.length) return
      this.values[i] = t.v?.[n] ?? NaN
      this.times[i] = t.t
      this.touch(i)
    })
    for (const [key, q] of Object.entries(t.q ?? {})) this.setQuality(Number(key), q, t.t)
    this.dirty('tick')
    return true
  }

  private setQuality(i: number, q: Quality, at: number): void {
    if (!(i < this.ids.length)) return
    const was = qualities[this.quality[i] ?? 0]
    this.quality[i] = code.get(q) ?? 0
    const current = was === 'good' || was === 'uncertain'
    if (q === 'good' || q === 'uncertain') this.times[i] = at
    else if (current && q === 'stale') this.times[i] = Math.max(this.times[i] ?? 0, at - staleFloor)
    else if (current) this.times[i] = Math.max(this.times[i] ?? 0, at - 1000)
    if (q === 'good') this.reasons[i] = ''
    this.touch(i)
  }

  /** Replaces an alarm by a newer revision; an alarm back to normal leaves. */
  alarm(a: Alarm): void {
    const had = this.known.get(a.id)
    if (had && had.revision >= a.revision) return
    const alarms = this.ownAlarms()
    if (a.state === 'normal') alarms.delete(a.id)
    else alarms.set(a.id, a)
    this.dirty('alarms')
  }

  // Where nothing was known, the first alarms are shown while the others come. What was known stays until all are here: a
  // list that somebody reads does not shrink to its beginning.
  private begin(alarms: Alarm[], tally: Tally[] | undefined): void {
    this.coming = tally ? { tally, alarms: [...alarms] } : null
    this.tally = tally && (this.tally || this.known.size === 0) ? tally : null
    if (!tally || this.tally) this.hold(alarms)
    else for (const a of alarms) this.ownAlarms().set(a.id, a) // the most urgent are first: they sound at once
  }

  /** Takes alarms in that the snapshot did not have. They are shown together when the last has come. */
  piece(p: AlarmPiece): void {
    if (!this.coming) return
    for (const a of p.alarms ?? []) this.coming.alarms.push(a)
    if (!p.whole) return
    this.hold(this.coming.alarms)
    this.coming = this.tally = null
    this.dirty('alarms')
  }

  private hold(alarms: Alarm[]): void {
    this.known = new Map(alarms.map((a) => [a.id, a]))
    this.lent = false
  }

  private ownAlarms(): Map<string, Alarm> {
    if (this.lent) this.known = new Map(this.known)
    this.lent = false
    return this.known
  }

  room(r: Room): void {
    this.rooms = new Map(this.rooms).set(r.id, r)
    this.dirty('rooms')
  }

  command(c: CommandRecord): void {
    const others = this.commands.filter((o) => o.id !== c.id)
    this.commands = [...others, c].slice(-keptCommands)
    this.dirty('cmds')
  }

  entry(e: Entry): void {
    const last = this.entries[this.entries.length - 1]
    if (last && e.seq <= last.seq) return
    this.entries = [...this.entries, e].slice(-keptEntries)
    this.dirty('entries')
  }

  /** Replaces the picture of the organisation: the newest word wins. */
  continuity(p: Picture): void {
    this.picture = readPicture(p)
    this.dirty('picture')
  }

  setPictureFresh(fresh: boolean): void {
    if (fresh === this.pictureFresh) return
    this.pictureFresh = fresh
    this.dirty('picture')
  }

  heartbeat(h: Heartbeat): void {
    this.hb = h
    if (h.links) {
      this.links = h.links
      this.dirty('links')
    }
    this.dirty('hb')
  }

  setConnection(c: Connection): void {
    if (c === this.connection) return
    const changes = c === 'lost' || this.connection === 'lost'
    this.connection = c
    if (changes) this.everyPointDirty()
    this.dirty('connection')
  }

  /** What a tab that joins later needs to stand where this one does. */
  copy(): Snap {
    return {
      seq: this.seq,
      t: this.time,
      points: this.ids.map((id, i) => {
        const v = this.values[i] ?? NaN
        return {
          id,
          v: Number.isNaN(v) ? null : v,
          q: qualities[this.quality[i] ?? 0] ?? 'unknown',
          r: this.reasons[i] ?? '',
          t: this.times[i] ?? 0,
        }
      }),
      alarms: this.coming ? [...this.coming.alarms] : [...this.known.values()],
      tally: this.coming?.tally,
      rooms: [...this.rooms.values()],
      cmds: [...this.commands],
      links: [...this.links],
    }
  }

  onPoint(id: string, paint: () => void): () => void {
    return subscribe(this.pointSubs, id, paint)
  }

  on(topic: Topic, paint: () => void): () => void {
    return subscribe(this.topicSubs, topic, paint)
  }

  /** How many painters are registered, for the test that nothing is left behind. */
  subscriptions(): number {
    let n = 0
    for (const s of this.pointSubs.values()) n += s.size
    for (const s of this.topicSubs.values()) n += s.size
    return n
  }

  private touch(i: number): void {
    const id = this.ids[i]
    if (id === undefined) return
    this.readings.delete(id)
    this.dirtyPoints.add(id)
  }

  private everyPointDirty(): void {
    this.readings.clear()
    for (const id of this.pointSubs.keys()) this.dirtyPoints.add(id)
  }

  private dirty(...topics: Topic[]): void {
    for (const t of topics) this.dirtyTopics.add(t)
    if (this.scheduled) return
    this.scheduled = true
    this.schedule(() => this.paint())
  }

  // One paint for everything that changed since the last frame. A hidden tab gets no frames, so
  // changes gather here and are drawn once when it is shown again.
  private paint(): void {
    this.scheduled = false
    const points = this.dirtyPoints
    const topics = this.dirtyTopics
    this.dirtyPoints = new Set()
    this.dirtyTopics = new Set()
    for (const id of points) this.pointSubs.get(id)?.forEach((f) => f())
    for (const t of topics) this.topicSubs.get(t)?.forEach((f) => f())
  }
}

function subscribe<K>(subs: Map<K, Set<() => void>>, key: K, paint: () => void): () => void {
  const set = subs.get(key) ?? new Set()
  subs.set(key, set)
  set.add(paint)
  return () => {
    set.delete(paint)
    if (set.size === 0 && subs.get(key) === set) subs.delete(key)
  }
}

/** Milliseconds since 1970 of an RFC 3339 text or a number; 0 for none. */
export function millis(t: string | number | null | undefined): number {
  if (typeof t === 'number') return t
  if (!t) return 0
  const ms = Date.parse(t)
  return Number.isNaN(ms) ? 0 : ms
}
