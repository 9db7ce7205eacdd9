// Judges the stream by the silence between heartbeats. It has a timer of its own: a frozen server
// keeps the connection open and the browser raises no event for it.

export const lateAfter = 3000
export const reconnectAfter = 5000
export const lostAfter = 10000
const period = 250

export type Silence = 'fresh' | 'late' | 'lost'

export interface WatchdogActions {
  /** Called when the judgement changes. */
  judged(s: Silence): void
  /** Called when the connection should be made anew. */
  reconnect(): void
}

export class Watchdog {
  private timer: ReturnType<typeof setInterval> | null = null
  private heard = 0
  private retryAt = 0
  private state: Silence = 'fresh'

  constructor(
    private actions: WatchdogActions,
    private now: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.stop()
    this.heard = this.now()
    this.retryAt = this.heard + reconnectAfter
    this.timer = setInterval(() => this.look(), period)
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  /** A heartbeat came. */
  beat(): void {
    this.heard = this.now()
    this.retryAt = this.heard + reconnectAfter
    this.judge('fresh')
  }

  /** Milliseconds since the last heartbeat. */
  silence(): number {
    return this.now() - this.heard
  }

  /** Milliseconds until the next attempt to reconnect. */
  untilRetry(): number {
    return Math.max(0, this.retryAt - this.now())
  }

  private look(): void {
    const silent = this.silence()
    if (silent >= lostAfter) this.judge('lost')
    else if (silent >= lateAfter) this.judge('late')
    if (this.now() >= this.retryAt) {
      // Attempts stay 5 s apart: operators wait for this screen, and a server restarts in seconds.
      this.retryAt = this.now() + reconnectAfter
      this.actions.reconnect()
    }
  }

  private judge(s: Silence): void {
    if (s === this.state) return
    this.state = s
    this.actions.judged(s)
  }
}
