// What the mock remembers between two questions, and whom it tells of changes: the world, the organisation, the orders,
// the sessions, and every open stream.

import type { Hearing } from './mock-sites'
import type { ServerResponse } from 'node:http'
import type { Picture } from '../src/live/picture'
import { sorted } from '../src/live/order'
import { tallied } from '../src/live/tally'
import type { Alarm, Heartbeat, Session, Tick } from '../src/live/types'
import { silence } from './mock-alarms'
import { Care } from './mock-care'
import { Continuity } from './mock-continuity'
import { links, site } from './mock-data'
import { ordinaryPower } from './mock-line'
import { Orders } from './mock-orders'
import { points } from './mock-plant'
import { World } from './mock-world'

export interface Viewer {
  res: ServerResponse
  /** The organisation's view holds its picture and heartbeats, nothing else. */
  continuity: boolean
  /** Takes alarms in pieces. */
  pieces: boolean
  last: string[]
}

/** How many alarms come with a snapshot where they come in pieces. */
const firstAlarms = 100

export class Mock {
  world = new World()
  continuity = new Continuity()
  orders = new Orders()
  care = new Care()
  sessions = new Map<string, Session>()
  viewers = new Set<Viewer>()
  running = ''
  paused = false
  speed = 1
  frozen = false
  /** What stands after the first alarms does not come yet. */
  held = false
  sick = false
  power = ordinaryPower
  hearing: Hearing = 'well'
  private seq = 1
  private timer = setInterval(() => this.second(), 1000)

  constructor() {
    this.world.told = (event, data) => this.tell(event, data)
    this.continuity.told = (p) => this.paint(p)
    this.orders.told = (r) => this.tell('cmd', r)
    this.orders.silenced = (r) => silence(this.world, r)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  reset(): void {
    this.world = new World()
    this.world.told = (event, data) => this.tell(event, data)
    this.continuity = new Continuity()
    this.orders = new Orders()
    this.orders.told = (r) => this.tell('cmd', r)
    this.orders.silenced = (r) => silence(this.world, r)
    this.continuity.told = (p) => this.paint(p)
    this.care = new Care()
    this.running = ''
    this.paused = false
    this.speed = 1
    this.frozen = false
    this.held = false
    this.sick = false
    this.power = ordinaryPower
    this.hearing = 'well'
    for (const v of this.viewers) this.snap(v)
  }

  tell(event: string, data: unknown): void {
    if (this.frozen) return
    const block = `id: ${this.seq++}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const v of this.viewers) if (!v.continuity || event === 'hb') v.res.write(block)
  }

  paint(picture: Picture): void {
    if (this.frozen) return
    const block = `id: ${this.seq}\nevent: continuity\ndata: ${JSON.stringify({ picture })}\n\n`
    for (const v of this.viewers) if (v.continuity) v.res.write(block)
  }

  snap(v: Viewer): void {
    if (this.frozen) return
    if (v.continuity) {
      if (this.continuity.picture) this.paint(this.continuity.picture)
      return this.beat()
    }
    const readings = this.world.readAll()
    v.last = readings.map((r) => JSON.stringify(r))
    const alarms = sorted(this.world.alarms.values())
    const first = v.pieces && alarms.length > firstAlarms ? firstAlarms : alarms.length
    const rest = alarms.slice(first)
    const data = {
      seq: this.seq,
      t: Date.now(),
      points: points.map((p, i) => ({ id: p.id, ...readings[i], t: new Date().toISOString() })),
      alarms: alarms.slice(0, first),
      tally: rest.length > 0 ? tallied(alarms) : undefined,
      rooms: [this.care.dress(this.world.step())],
      cmds: [...this.orders.records.values()],
      links,
    }
    if (rest.length === 0) v.res.write(`id: ${this.seq++}\n`)
    v.res.write(`event: snap\ndata: ${JSON.stringify(data)}\n\n`)
    if (rest.length > 0 && !this.held) this.rest(v, rest)
    this.beat()
  }

  private rest(v: Viewer, alarms: Alarm[]): void {
    v.res.write(`event: alarms\ndata: ${JSON.stringify({ alarms })}\n\n`)
    v.res.write(`id: ${this.seq++}\nevent: alarms\ndata: {"alarms":[],"whole":true}\n\n`)
  }

  /** Lets what was held back come. */
  release(): void {
    this.held = false
    for (const v of this.viewers)
      if (v.pieces) this.rest(v, sorted(this.world.alarms.values()).slice(firstAlarms))
  }

  private second(): void {
    if (this.frozen) return
    this.tell('fire', this.care.dress(this.world.step()))
    const readings = this.world.readAll()
    for (const v of this.viewers) {
      if (v.continuity) continue
      const tick: Tick = { s: this.seq, t: Date.now(), i: [], v: [], q: {} }
      readings.forEach((r, i) => {
        const text = JSON.stringify(r)
        if (text === v.last[i]) return
        v.last[i] = text
        tick.i?.push(i)
        tick.v?.push(r.v)
      })
      v.res.write(`id: ${this.seq}\nevent: tick\ndata: ${JSON.stringify(tick)}\n\n`)
    }
    this.seq++
    this.beat()
  }

  private beat(): void {
    const hb: Heartbeat = {
      t: Date.now(),
      build: site.build,
      lag_ms: 12,
      drill: false,
      ...this.care.beat(),
      field: { connected: true, age_ms: 120, collecting: true, journal_ok: true, journal_gap: '' },
      links,
    }
    this.tell('hb', hb)
  }
}
