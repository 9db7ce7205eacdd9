// The event stream of one view: it opens the connection, feeds the store and watches for silence.
// Tabs that show the same view share one connection (share.ts) where the browser has locks. The
// organisation's picture has a view of its own; screens that show another one hear it beside theirs.

import { Aside } from './aside'
import type { Picture } from './picture'
import type { LiveStore } from './store'
import type { AlarmPiece } from './tally'
import type { Alarm, CommandRecord, Entry, Heartbeat, Room, Snap, Tick } from './types'
import type { View } from './view'
import { reconnectAfter, Watchdog, type Silence } from './watchdog'
import { share, type Shared } from './share'

export interface StreamHooks {
  /** The session has ended: log in again. */
  loggedOut(): void
  /** The stream is back after this many milliseconds without a heartbeat. */
  recovered(missing: number): void
}

const events = ['snap', 'alarms', 'tick', 'alarm', 'fire', 'cmd', 'entry', 'hb', 'continuity'] as const
export type EventName = (typeof events)[number]

export class LiveStream {
  private source: EventSource | null = null
  private shared: Shared | null = null
  private view: View | null = null
  private lostSince = 0
  private lastId = 0
  private renewedAt = -Infinity
  private beside: Aside
  readonly watchdog: Watchdog

  constructor(
    private store: LiveStore,
    private hooks: StreamHooks,
    private open: (url: string) => EventSource = (url) => new EventSource(url),
  ) {
    this.watchdog = new Watchdog({
      judged: (s) => this.judged(s),
      reconnect: () => this.reconnect(),
    })
    this.beside = new Aside(open, {
      take: (p) => store.continuity(p),
      heard: (fresh) => store.setPictureFresh(fresh),
    })
  }

  /** Whether to hear of the organisation, on whatever screen; off where the site has none. */
  hearContinuity(on: boolean): void {
    this.beside.want(on)
  }

  /** Shows another view; the same view again changes nothing. */
  show(view: View): void {
    if (view === this.view) return
    this.stop()
    this.view = view
    this.beside.covered(view === 'continuity')
    this.store.setConnection('connecting')
    this.watchdog.start()
    this.shared = share(view, {
      lead: () => this.connect(),
      copy: () => this.copies(),
      take: (name, data) => this.take(name, data),
    })
  }

  stop(): void {
    this.watchdog.stop()
    this.beside.covered(true)
    this.close()
    this.shared?.leave()
    this.shared = null
    this.view = null
  }

  private connect(): void {
    this.close()
    this.lastId = 0
    const source = this.open(`/api/v1/live?view=${this.view ?? 'overview'}`)
    this.source = source
    for (const name of events) {
      source.addEventListener(name, (e) => {
        const { data, lastEventId } = e as MessageEvent<string>
        if (!this.follows(name, Number(lastEventId))) return this.renew()
        this.shared?.tell(name, data)
        this.take(name, data)
      })
    }
    source.onerror = () => {
      // The browser retries by itself, with the last event's id, unless the answer was a refusal.
      if (source.readyState === EventSource.CLOSED) void this.refused()
    }
  }

  /** What a tab that joins this view needs to stand where this one does. */
  private copies(): [EventName, unknown][] {
    if (this.view === 'continuity') {
      const picture = this.store.picture
      return picture ? [['continuity', { picture }]] : []
    }
    const snap = this.store.copy()
    return this.store.connection === 'connecting' ? [] : [['snap', snap]]
  }

  // Ids rise by one within a view; a snapshot, the pieces that complete it or a whole picture begin anew anywhere and
  // heartbeats have no id of their own. A hole means that something was missed: only a new snapshot mends that.
  private follows(name: EventName, id: number): boolean {
    const anew = name === 'snap' || name === 'alarms' || name === 'hb' || name === 'continuity'
    const whole = anew || this.lastId === 0 || !id || id === this.lastId + 1
    if (id && name !== 'hb') this.lastId = id
    return whole
  }

  // At most one in five seconds: a server whose ids are odd must not be stormed.
  private renew(): void {
    if (performance.now() - this.renewedAt < reconnectAfter) return
    this.renewedAt = performance.now()
    this.connect()
  }

  private close(): void {
    if (!this.source) return
    this.source.onerror = null
    this.source.close()
    this.source = null
  }

  private reconnect(): void {
    if (this.shared?.leading()) this.connect()
    else this.shared?.ask()
    this.beside.renew()
  }

  private async refused(): Promise<void> {
    try {
      const r = await fetch('/api/v1/session', { credentials: 'same-origin' })
      if (r.status === 401) this.hooks.loggedOut()
    } catch {
      // No answer at all is the watchdog's matter.
    }
  }

  private take(name: EventName, data: string): void {
    const v: unknown = JSON.parse(data)
    switch (name) {
      case 'snap':
        return this.store.snap(v as Snap)
      case 'alarms':
        return this.store.piece(v as AlarmPiece)
      case 'tick':
        this.store.tick(v as Tick)
        return
      case 'alarm':
        return this.store.alarm(v as Alarm)
      case 'fire':
        return this.store.room(v as Room)
      case 'cmd':
        return this.store.command(v as CommandRecord)
      case 'entry':
        return this.store.entry(v as Entry)
      case 'continuity':
        return this.store.continuity((v as { picture: Picture }).picture)
      case 'hb':
        return this.heard(v as Heartbeat)
    }
  }

  private heard(h: Heartbeat): void {
    const silent = this.watchdog.silence()
    this.watchdog.beat()
    this.store.heartbeat(h)
    this.store.setConnection('live')
    if (this.lostSince > 0) this.hooks.recovered(silent)
    this.lostSince = 0
  }

  private judged(s: Silence): void {
    if (s === 'fresh') return
    if (s === 'lost') this.lostSince = Date.now()
    this.store.setConnection(s)
  }
}
