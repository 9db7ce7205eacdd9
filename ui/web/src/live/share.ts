// One connection a view for all tabs of a browser: plain HTTP/1.1 allows six to a host, and the
// seventh tab would hang without a word. The tab that holds the view's lock leads and passes each
// event on; when it closes, the next one takes over. Without locks (plain HTTP off this machine)
// every tab leads for itself.

import type { EventName } from './stream'
import type { View } from './view'

export interface ShareHooks {
  /** This tab leads now: open the connection. */
  lead(): void
  /** The whole picture as events, for a tab that joins; none while there is nothing to show. */
  copy(): [EventName, unknown][]
  /** An event from the leader. */
  take(name: EventName, data: string): void
}

export interface Shared {
  leading(): boolean
  /** Passes an event on to the tabs that follow. */
  tell(name: EventName, data: string): void
  /** Asks the leader for the whole picture. */
  ask(): void
  leave(): void
}

type Message = { ask: true } | { name: EventName; data: string }

export function share(view: View, hooks: ShareHooks): Shared {
  if (!('locks' in navigator) || typeof BroadcastChannel === 'undefined') return alone(hooks)
  const channel = new BroadcastChannel(`bongsu-live-${view}`)
  const end = new AbortController()
  let leads = false
  let release: () => void = () => undefined

  channel.onmessage = (e: MessageEvent<Message>) => {
    const m = e.data
    if ('ask' in m) {
      for (const [name, data] of leads ? hooks.copy() : [])
        channel.postMessage({ name, data: JSON.stringify(data) })
    } else if (!leads) {
      hooks.take(m.name, m.data)
    }
  }

  navigator.locks
    .request(`bongsu-live-${view}`, { signal: end.signal }, () => {
      leads = true
      hooks.lead()
      return new Promise<void>((done) => (release = done))
    })
    .catch(() => undefined) // leaving before the lock came is no fault
  channel.postMessage({ ask: true })

  return {
    leading: () => leads,
    tell: (name, data) => channel.postMessage({ name, data }),
    ask: () => channel.postMessage({ ask: true }),
    leave: () => {
      leads = false
      end.abort()
      release()
      channel.close()
    },
  }
}

function alone(hooks: ShareHooks): Shared {
  let left = false
  queueMicrotask(() => {
    if (!left) hooks.lead()
  })
  return {
    leading: () => !left,
    tell: () => undefined,
    ask: () => undefined,
    leave: () => void (left = true),
  }
}
