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

it('takes the alarms that follow on a snapshot in pieces, the last of which has its number', async () => {
  const { store, source } = await opened()
  await vi.advanceTimersByTimeAsync(6000)
  const made = FakeSource.made.length
  const alarm = (id: string) => ({ id, revision: 1, priority: 2, state: 'unacknowledged' })
  const tally = [{ priority: 2, state: 'unacknowledged', n: 2 }]
  source().say('snap', { ...snap, alarms: [alarm('x')], tally })
  source().say('hb', hb)
  source().say('alarms', { alarms: [alarm('y')] })
  expect(store.alarms.size).toBe(1)
  source().say('alarms', { alarms: [], whole: true }, '5')
  source().say('tick', { s: 6, t: 1, i: [], v: [] }, '6')
  expect([...store.alarms.keys()]).toEqual(['x', 'y'])
  expect(FakeSource.made).toHaveLength(made)
})

it('hears of the organisation beside a view that does not tell of it, and once where it does', async () => {
  const { store, stream } = await opened()
  const urls = () =>
    FakeSource.made
      .filter((s) => !s.closed)
      .map((s) => s.url.split('=')[1])
      .sort()
  expect(urls()).toEqual(['battery'])
  stream.hearContinuity(true)
  await vi.advanceTimersByTimeAsync(0)
  expect(urls()).toEqual(['battery', 'continuity'])
  FakeSource.made.at(-1)?.say('continuity', { picture: { at: 'x', control: { seq: 4 } } }, '7')
  expect(store.picture?.control.seq).toBe(4)
  stream.show('continuity')
  await vi.advanceTimersByTimeAsync(0)
  expect(urls()).toEqual(['continuity'])
  // Pictures replace one another whole: a number that was passed over is no hole.
  FakeSource.made.at(-1)?.say('continuity', { picture: { at: 'y', control: { seq: 5 } } }, '9')
  FakeSource.made.at(-1)?.say('continuity', { picture: { at: 'z', control: { seq: 8 } } }, '12')
  expect(store.picture?.control.seq).toBe(8)
  expect(urls()).toEqual(['continuity'])
  stream.show('alarms')
  await vi.advanceTimersByTimeAsync(0)
  expect(urls()).toEqual(['alarms', 'continuity'])
  stream.stop()
  expect(urls()).toEqual([])
})

it('renews what it hears beside together with the view, when the server freezes', async () => {
  const { stream, source } = await opened()
  stream.hearContinuity(true)
  await vi.advanceTimersByTimeAsync(0)
  expect(source().url).toContain('continuity')
  const made = FakeSource.made.length
  await vi.advanceTimersByTimeAsync(5300)
  const renewed = FakeSource.made.slice(made).map((s) => s.url.split('=')[1])
  expect(new Set(renewed)).toEqual(new Set(['battery', 'continuity']))
  expect(FakeSource.made.filter((s) => !s.closed)).toHaveLength(2)
})

it('says when the organisation alone is not heard any more, and when it is again', async () => {
  const { store, stream, source } = await opened()
  const main = source()
  main.say('hb', hb)
  stream.hearContinuity(true)
  await vi.advanceTimersByTimeAsync(0)
  for (let n = 0; n < 11; n++) {
    await vi.advanceTimersByTimeAsync(1000)
    main.say('hb', hb)
  }
  expect(store.connection).toBe('live')
  expect(store.pictureFresh).toBe(false)
  expect(main.closed).toBe(false)
  source().say('hb', hb)
  expect(store.pictureFresh).toBe(true)
})
