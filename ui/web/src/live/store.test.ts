import { describe, expect, it, vi } from 'vitest'
import { LiveStore, never } from './store'
import type { Alarm, Snap } from './types'

/** A store whose frames are drawn when the test says so. */
function paused() {
  const frames: (() => void)[] = []
  const store = new LiveStore((f) => frames.push(f))
  return { store, frame: () => frames.splice(0).forEach((f) => f()), frames }
}

const snap = (over: Partial<Snap> = {}): Snap => ({
  seq: 10,
  t: 100_000,
  points: [
    { id: 'a', v: 1.5, q: 'good', t: 99_000 },
    { id: 'b', v: null, q: 'unknown', t: null },
    { id: 'c', v: 7, q: 'stale', r: 'stale', t: 80_000 },
  ],
  alarms: [],
  rooms: [],
  cmds: [],
  links: [],
  ...over,
})

const alarm = (id: string, revision: number, over: Partial<Alarm> = {}): Alarm => ({
  id,
  revision,
  point: '',
  asset: '',
  priority: 2,
  state: 'unacknowledged',
  text: id,
  raised: '2026-03-02T05:00:00.000Z',
  acked: null,
  returned: null,
  value: 0,
  limit: 0,
  unit: '-',
  quality: 'good',
  class: 'power',
  active: true,
  count: 1,
  occurrence: 1,
  ...over,
})

describe('a snapshot', () => {
  it('gives each point its value, quality and time, and unknown points the look of never', () => {
    const { store } = paused()
    store.snap(snap())
    expect(store.reading('a')).toEqual({ value: 1.5, quality: 'good', reason: '', time: 99_000 })
    expect(store.reading('b').value).toBeNull()
    expect(store.reading('c')).toMatchObject({ value: 7, quality: 'stale', reason: 'stale', time: 80_000 })
    expect(store.reading('nowhere')).toBe(never)
  })

  it('keeps subscriptions when it brings the points in another order', () => {
    const { store, frame } = paused()
    const painted = vi.fn()
    store.onPoint('c', painted)
    store.snap(snap())
    frame()
    store.snap(snap({ points: [{ id: 'c', v: 9, q: 'good', t: 1 }] }))
    frame()
    expect(painted).toHaveBeenCalledTimes(2)
    expect(store.reading('c').value).toBe(9)
  })
})

describe('a tick', () => {
  it('changes only what it names and paints once a frame', () => {
    const { store, frame, frames } = paused()
    const a = vi.fn()
    const b = vi.fn()
    store.snap(snap())
    frame()
    store.onPoint('a', a)
    store.onPoint('b', b)
    store.tick({ s: 11, t: 101_000, i: [0], v: [2] })
    store.tick({ s: 12, t: 102_000, i: [0], v: [3] })
    expect(frames).toHaveLength(1)
    frame()
    expect(a).toHaveBeenCalledTimes(1)
    expect(b).not.toHaveBeenCalled()
    expect(store.reading('a')).toMatchObject({ value: 3, time: 102_000 })
  })

  it('refuses what is older than what is shown', () => {
    const { store } = paused()
    store.snap(snap())
    expect(store.tick({ s: 9, t: 99_000, i: [0], v: [99] })).toBe(false)
    expect(store.reading('a').value).toBe(1.5)
  })

  it('turns a value stale with a time that is not later than its last good second', () => {
    const { store } = paused()
    store.snap(snap())
    store.tick({ s: 11, t: 160_000, i: [], v: [], q: { '0': 'stale' } })
    expect(store.reading('a')).toMatchObject({ value: 1.5, quality: 'stale', time: 157_000 })
    store.tick({ s: 12, t: 161_000, i: [0], v: [4], q: { '0': 'good' } })
    expect(store.reading('a')).toMatchObject({ value: 4, quality: 'good', time: 161_000 })
  })

  it('takes a value away when it says null', () => {
    const { store } = paused()
    store.snap(snap())
    store.tick({ s: 11, t: 101_000, i: [0], v: [null], q: { '0': 'bad' } })
    expect(store.reading('a')).toMatchObject({ value: null, quality: 'bad' })
  })

  it('leaves a reading the same object until it changes', () => {
    const { store } = paused()
    store.snap(snap())
    const before = store.reading('a')
    store.tick({ s: 11, t: 101_000, i: [1], v: [1] })
    expect(store.reading('a')).toBe(before)
  })
})

describe('alarms', () => {
  it('are replaced by a newer revision only and leave when normal', () => {
    const { store } = paused()
    store.snap(snap({ alarms: [alarm('x', 3)] }))
    store.alarm(alarm('x', 2, { text: 'old' }))
    expect(store.alarms.get('x')?.text).toBe('x')
    store.alarm(alarm('x', 4, { state: 'acknowledged' }))
    expect(store.alarms.get('x')?.state).toBe('acknowledged')
    store.alarm(alarm('x', 5, { state: 'normal' }))
    expect(store.alarms.size).toBe(0)
  })
})

describe('alarms in pieces', () => {
  const early = snap({
    alarms: [alarm('x', 1)],
    tally: [{ priority: 2, state: 'unacknowledged', n: 3 }],
  })

  it('show the first with the counts of all, then the others together', () => {
    const { store, frame } = paused()
    const told = vi.fn()
    store.on('alarms', told)
    store.snap(early)
    frame()
    const first = store.alarms
    expect([[...first.keys()], store.tally?.[0]?.n]).toEqual([['x'], 3])
    store.piece({ alarms: [alarm('y', 1)] })
    store.piece({ alarms: [alarm('z', 1)] })
    frame()
    expect([store.alarms, told.mock.calls.length]).toEqual([first, 1])
    store.piece({ alarms: [], whole: true })
    frame()
    expect([[...store.alarms.keys()], store.tally]).toEqual([['x', 'y', 'z'], null])
    expect([first.size, told.mock.calls.length]).toEqual([1, 2])
  })

  it('leave what is shown as it is when the stream begins anew, until all are here', () => {
    const { store } = paused()
    store.snap(snap({ alarms: [alarm('x', 1), alarm('y', 1), alarm('gone', 1)] }))
    store.snap(early)
    expect([store.alarms.size, store.tally]).toEqual([3, null])
    store.snap({ ...early, alarms: [alarm('urgent', 1)] })
    expect([...store.alarms.keys()]).toEqual(['x', 'y', 'gone', 'urgent']) // what is new among the first sounds at once
    store.snap(early)
    store.piece({ alarms: [alarm('y', 2), alarm('new', 1)], whole: true })
    expect([...store.alarms.keys()]).toEqual(['x', 'y', 'new'])
  })

  it('bring another tab to the same end, whenever it joins', () => {
    const { store } = paused()
    store.snap(early)
    store.piece({ alarms: [alarm('y', 1)] })
    const other = new LiveStore(() => undefined)
    other.snap(JSON.parse(JSON.stringify(store.copy())) as Snap)
    for (const s of [store, other]) s.piece({ alarms: [alarm('z', 1)], whole: true })
    expect([...other.alarms.keys()]).toEqual([...store.alarms.keys()])
    expect(JSON.parse(JSON.stringify(other.copy()))).toEqual(JSON.parse(JSON.stringify(store.copy())))
  })
})

it('gives whoever holds the alarms another map when they change, and copies once for a storm', () => {
  const { store } = paused()
  store.snap(snap())
  const before = store.alarms
  for (let n = 0; n < 3; n++) store.alarm(alarm(`x${n}`, 1))
  expect(before.size).toBe(0)
  const after = store.alarms
  expect(after.size).toBe(3)
  store.alarm(alarm('x3', 1))
  expect([after.size, store.alarms.size]).toEqual([3, 4])
})

describe('a lost stream', () => {
  it('makes every good value stale, keeps the bad ones bad, and heals with the next snapshot', () => {
    const { store } = paused()
    store.snap(snap())
    store.setConnection('live')
    store.setConnection('lost')
    expect(store.reading('a').quality).toBe('stale')
    expect(store.reading('b').quality).toBe('unknown')
    store.setConnection('live')
    expect(store.reading('a').quality).toBe('good')
  })
})

describe('a copy', () => {
  it('brings another store to the same place', () => {
    const { store } = paused()
    store.snap(snap({ alarms: [alarm('x', 1)] }))
    store.tick({ s: 11, t: 101_000, i: [0], v: [2] })
    const other = new LiveStore(() => undefined)
    other.snap(JSON.parse(JSON.stringify(store.copy())) as Snap)
    expect(other.reading('a')).toEqual(store.reading('a'))
    expect(other.seq).toBe(11)
    expect(other.alarms.size).toBe(1)
  })
})

it('forgets a painter when it leaves', () => {
  const { store } = paused()
  const ends = [store.onPoint('a', () => undefined), store.on('alarms', () => undefined)]
  expect(store.subscriptions()).toBe(2)
  ends.forEach((end) => end())
  expect(store.subscriptions()).toBe(0)
})
