// The organisation's picture beside another view: a connection of its own, one for all tabs of the
// browser. It has no watchdog: who is heard is judged by the screen's own stream, which renews this
// one when it renews itself.

import type { Picture } from './picture'
import { share, type Shared } from './share'

export class Aside {
  private wanted = false
  private isCovered = true
  private shared: Shared | null = null
  private source: EventSource | null = null
  private newest: Picture | null = null

  constructor(
    private open: (url: string) => EventSource,
    private take: (p: Picture) => void,
  ) {}

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
  }

  private settle(): void {
    const on = this.wanted && !this.isCovered
    if (on === (this.shared !== null)) return
    if (!on) {
      this.close()
      this.shared?.leave()
      this.shared = null
      return
    }
    this.shared = share('continuity', {
      lead: () => this.connect(),
      copy: () => (this.newest ? [['continuity', { picture: this.newest }]] : []),
      take: (name, data) => {
        if (name === 'continuity') this.took(data)
      },
    })
  }

  private connect(): void {
    this.close()
    const source = this.open('/api/v1/live?view=continuity')
    this.source = source
    source.addEventListener('continuity', (e) => {
      const { data } = e as MessageEvent<string>
      this.shared?.tell('continuity', data)
      this.took(data)
    })
    // A tab that shows this view alone needs the heartbeats too, when this one leads for both.
    source.addEventListener('hb', (e) => this.shared?.tell('hb', (e as MessageEvent<string>).data))
  }

  private close(): void {
    this.source?.close()
    this.source = null
  }

  private took(data: string): void {
    this.newest = (JSON.parse(data) as { picture: Picture }).picture
    this.take(this.newest)
  }
}
