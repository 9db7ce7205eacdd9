// The organisation's picture beside another view: a connection of its own, one for all tabs of the
// browser, with a watchdog of its own. Pictures come only when something changes, so silence is told
// by the heartbeats of their view.

import type { EventName } from './stream'
import type { Picture } from './picture'
import { share, type Shared } from './share'
import { Watchdog } from './watchdog'

export interface AsideHooks {
  take(p: Picture): void
  /** Whether what was last heard can still be taken for now. */
  heard(fresh: boolean): void
}

export class Aside {
  private wanted = false
  private isCovered = true
  private shared: Shared | null = null
  private source: EventSource | null = null
  private newest: Picture | null = null
  private watchdog: Watchdog

  constructor(
    private open: (url: string) => EventSource,
    private hooks: AsideHooks,
  ) {
    this.watchdog = new Watchdog({
      judged: (s) => hooks.heard(s !== 'lost'),
      reconnect: () => this.renew(),
    })
  }

  want(on: boolean): void {
    this.wanted = on
    this.settle()
  }

  /** The screen's own stream tells the same, or there is no screen: nothing is needed beside it. */
  covered(on: boolean): void {
    this.isCovered = on
    this.settle()
  }

  renew(): void {
    if (this.shared?.leading()) this.connect()
    else this.shared?.ask()
  }

  private settle(): void {
    const on = this.wanted && !this.isCovered
    if (on === (this.shared !== null)) return
    if (!on) {
      this.watchdog.stop()
      this.hooks.heard(true)
      this.close()
      this.shared?.leave()
      this.shared = null
      return
    }
    this.watchdog.start()
    this.shared = share('continuity', {
      lead: () => this.connect(),
      copy: () => (this.newest ? [['continuity', { picture: this.newest }]] : []),
      take: (name, data) => this.took(name, data),
    })
  }

  private connect(): void {
    this.close()
    const source = this.open('/api/v1/live?view=continuity')
    this.source = source
    for (const name of ['continuity', 'hb'] as const)
      source.addEventListener(name, (e) => {
        const { data } = e as MessageEvent<string>
        this.shared?.tell(name, data)
        this.took(name, data)
      })
  }

  private close(): void {
    this.source?.close()
    this.source = null
  }

  private took(name: EventName, data: string): void {
    this.watchdog.beat()
    if (name !== 'continuity') return
    this.newest = (JSON.parse(data) as { picture: Picture }).picture
    this.hooks.take(this.newest)
  }
}
