import { describe, expect, it, vi } from 'vitest'
import type { Rung } from '../live/ladder'
import { align, append, joined } from './align'
import { mountFloor, shade } from './floor'
import { heatShade, mountHeat, short, type HeatReading } from './heat'
import { mountLadder, type LadderWords } from './ladder'
import { mountTrend } from './trend'

const words: LadderWords = {
  rung: (id) => id,
  limit: (c) => `${c}`,
  action: (n) => n,
  look: (a) => a.look,
  lit: 'lit',
  pointer: (c) => `${c}`,
  projected: (c) => `${c}`,
}

const rungs: Rung[] = [
  { id: 'SP', limit: 50, lit: true, top: false, actions: [] },
  {
    id: 'S1',
    limit: 60,
    lit: true,
    top: true,
    actions: [{ name: 'ISOLATE', look: 'mismatch', attempts: 2, seconds: 4, feedback: '' }],
  },
]

const cells = [
  { id: 'R1', name: 'R1', row: 1, col: 1 },
  { id: 'R2', name: 'R2', row: 1, col: 2 },
]

const reading = (over: Partial<HeatReading> = {}): HeatReading => ({
  value: 25.04,
  quality: 'good',
  priority: null,
  stage: '',
  label: 'R1',
  note: '',
  ...over,
})

const trendOptions = {
  pens: ['a', 'b'],
  limits: [{ value: 60, label: '60' }],
  unit: '℃',
  clock: (s: number) => String(s),
  timeLabel: 'time',
  height: 100,
}

describe('a drawing mounted and taken out two hundred times', () => {
  it.each([
    ['heat map', (h: HTMLElement) => mountHeat(h, cells, () => undefined)],
    ['ladder', (h: HTMLElement) => mountLadder(h, words)],
    ['floor', (h: HTMLElement) => mountFloor(h, cells)],
    ['trend', (h: HTMLElement) => mountTrend(h, trendOptions)],
  ])(
    'leaves nothing behind: %s',
    (_name, mount) => {
      const host = document.createElement('div')
      document.body.append(host)
      const before = document.querySelectorAll('*').length
      const added = vi.spyOn(window, 'addEventListener')
      const removed = vi.spyOn(window, 'removeEventListener')
      for (let n = 0; n < 200; n++) mount(host).destroy()
      expect(host.childNodes).toHaveLength(0)
      expect(document.querySelectorAll('*').length).toBe(before)
      expect(removed.mock.calls.length).toBe(added.mock.calls.length)
      host.remove()
      // Two hundred charts take a while on a busy machine.
    },
    30_000,
  )
})

describe('the heat map', () => {
  it('shows value, doubt and blindness, each its own way', () => {
    const host = document.createElement('div')
    const heat = mountHeat(host, cells, () => undefined)
    heat.paint([reading(), reading({ value: null, quality: 'unknown' })], 'R1')
    const [a, b] = [...host.querySelectorAll('button')]
    expect(a?.textContent).toContain('25.0')
    expect(a?.getAttribute('aria-pressed')).toBe('true')
    expect(b?.textContent).toContain('?')
    expect(b?.dataset.shade).toBe('none')
    heat.paint([reading({ value: null, quality: 'bad' }), reading({ priority: 1, stage: 'S2' })], 'R2')
    expect(a?.textContent).toContain('✕')
    expect(b?.textContent).toContain('■1')
  })

  it('is walked with the arrow keys, one stop for the tab key', () => {
    const host = document.createElement('div')
    document.body.append(host)
    const chosen: string[] = []
    mountHeat(host, cells, (id) => chosen.push(id))
    const [a, b] = [...host.querySelectorAll('button')]
    a?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))
    expect(document.activeElement).toBe(b)
    expect([a?.tabIndex, b?.tabIndex]).toEqual([-1, 0])
    b?.click()
    expect(chosen).toEqual(['R2'])
    host.remove()
  })

  it('darkens from 15 to 50 degrees and no further', () => {
    expect([14, 15, 32, 49, 50, 90].map(heatShade)).toEqual([0, 0, 3, 6, 6, 6])
    expect([10, 18, 24, 32, 40].map((v) => shade(v))).toEqual([0, 0, 2, 4, 4])
  })
})

it('the ladder stands with its highest rung on top and names what disagrees', () => {
  const host = document.createElement('div')
  const l = mountLadder(host, words)
  l.paint({ rungs, hottest: 64, projected: 70 })
  const rows = [...host.querySelectorAll<HTMLElement>('.rung')]
  expect(rows.map((r) => r.dataset.rung)).toEqual(['S1', 'SP'])
  expect(host.querySelector<HTMLElement>('[data-name=ISOLATE]')?.dataset.look).toBe('mismatch')
  expect(host.querySelector('.ladder-pointer')?.textContent).toBe('64')
  l.paint({ rungs, hottest: null, projected: null })
  expect(host.querySelector<HTMLElement>('.ladder-pointer')?.hidden).toBe(true)
})

describe('histories on one axis', () => {
  const bucket = (t: number, last: number, quality = 'good') =>
    ({ t, min: last, max: last, last, quality }) as never

  it('keep a missing bucket as a gap and stale samples apart', () => {
    const pens = align([[bucket(1000, 1), bucket(2000, 2), bucket(9000, 5, 'stale')]])
    expect(pens.x).toEqual([1, 2, 2.001, 9])
    expect(pens.fresh[0]).toEqual([1, 2, null, null])
    expect(pens.stale[0]).toEqual([null, null, null, 5])
  })

  it('are whole where buckets are finer than the scan, and follow the pace of slow points', () => {
    const fine = align([[0, 750, 2250, 3000, 4500].map((t) => bucket(1000 + t, t))])
    expect(fine.fresh[0]).not.toContain(null)
    const slow = align([[10, 20, 30, 40, 80].map((s) => bucket(s * 1000, s))])
    expect(slow.fresh[0]).toEqual([10, 20, 30, 40, null, 80])
  })

  it('leave a pen undefined where only another one has a sample', () => {
    const pens = align([[bucket(1000, 1)], [bucket(2000, 2)]])
    expect(pens.fresh).toEqual([
      [1, undefined],
      [undefined, 2],
    ])
  })

  it('go on live, drop what left the window, and take no second twice', () => {
    const pens = align([[bucket(1000, 1), bucket(2000, 2)]])
    append(pens, 3, [{ value: 3, quality: 'good' }], 2)
    append(pens, 3, [{ value: 9, quality: 'good' }], 2)
    append(pens, 4, [{ value: null, quality: 'bad' }], 2)
    expect(pens.x).toEqual([2, 3, 4])
    expect(pens.fresh[0]).toEqual([2, 3, null])
  })

  it('keep what came live while they were fetched', () => {
    const live = align([[]])
    append(live, 2, [{ value: 9, quality: 'good' }], 0)
    append(live, 3, [{ value: 3, quality: 'good' }], 0)
    const pens = joined(align([[bucket(1000, 1), bucket(2000, 2)]]), live)
    expect(pens.x).toEqual([1, 2, 3])
    expect(pens.fresh[0]).toEqual([1, 2, 3])
  })
})

it.each([
  [
    ['Z1B1R11', 'Z1B1R12', 'Z1B1R47'],
    ['R11', 'R12', 'R47'],
  ],
  [
    ['R1', 'R2'],
    ['R1', 'R2'],
  ],
  [
    ['Z1B1R11', 'Z1B1R12'],
    ['R11', 'R12'],
  ],
  [['Z1B1R11'], ['Z1B1R11']],
  [
    ['east-7', 'west-7'],
    ['east-7', 'west-7'],
  ],
])('in a room of %j the racks are called %j', (ids, want) => {
  expect(short(ids)).toEqual(want)
})
