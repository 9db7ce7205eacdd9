import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LiveStore } from './store'
import { LiveStream } from './stream'

class FakeSource extends EventTarget {
  static made: FakeSource[] = []
  readyState = 1
  onerror: (() => void) | null = null
  closed = false
  constructor(readonly url: string) {
    super()
    FakeSource.made.push(this)
  }
  close(): void {
    this.closed = true
  }
  say(name: string, data: unknown, id = ''): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: id }))
  }
}

const hb = { t: 0, build: 'b', lag_ms: 1, drill: false, field: { connected: true }, links: null }
const snap = {
  seq: 5,
  t: 0,
  points: [{ id: 'a', v: 1, q: 'good' }],
  alarms: [],
  rooms: [],
  cmds: [],
  links: [],
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.made = []
})
afterEach(() => vi.useRealTimers())

async function opened() {
  const store = new LiveStore(() => undefined)
  const recovered = vi.fn()
  const stream = new LiveStream(
    store,
    { loggedOut: () => undefined, recovered },
    (url) => new FakeSource(url) as unknown as EventSource,
  )
  stream.show('battery')
  await vi.advanceTimersByTimeAsync(0)
  const source = () => FakeSource.made.at(-1) as FakeSource
  return { store, stream, source, recovered }
}

it('asks for its view and is live with the first heartbeat', async () => {
  const { store, source } = await opened()
  expect(source().url).toBe('/api/v1/live?view=battery')
  expect(store.connection).toBe('connecting')
  source().say('snap', snap, '5')
  source().say('hb', hb)
  expect(store.connection).toBe('live')
  expect(store.reading('a').value).toBe(1)
})

it('changes the connection when another screen wants another view, and not for the same', async () => {
  const { stream } = await opened()
  stream.show('battery')
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSource.made).toHaveLength(1)
  stream.show('alarms')
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSource.made).toHaveLength(2)
  expect(FakeSource.made[0]?.closed).toBe(true)
})

it('connects anew and is lost when the server freezes, then says how long it missed', async () => {
  const { store, source, recovered } = await opened()
  source().say('snap', snap, '5')
  source().say('hb', hb)
  const first = source()
  await vi.advanceTimersByTimeAsync(5300)
  expect(first.closed).toBe(true)
  expect(store.connection).toBe('late')
  await vi.advanceTimersByTimeAsync(5000)
  expect(store.connection).toBe('lost')
  source().say('snap', snap, '9')
  source().say('hb', hb)
  expect(store.connection).toBe('live')
  expect(recovered).toHaveBeenCalledTimes(1)
  expect(recovered.mock.calls[0]?.[0]).toBeGreaterThan(10_000)
})

it('connects anew when an event is missing between two others', async () => {
  const { source } = await opened()
  await vi.advanceTimersByTimeAsync(6000)
  const made = FakeSource.made.length
  source().say('snap', snap, '5')
  source().say('tick', { s: 6, t: 1, i: [], v: [] }, '6')
  source().say('hb', hb, '6')
  source().say('tick', { s: 7, t: 2, i: [], v: [] }, '7')
  expect(FakeSource.made).toHaveLength(made)
  source().say('tick', { s: 9, t: 4, i: [], v: [] }, '9')
  expect(FakeSource.made).toHaveLength(made + 1)
})
