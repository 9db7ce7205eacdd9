import { expect, it } from 'vitest'
import { hottestOf, place, readingsOf } from './cooling'
import { feedState } from './power'
import type { Hall, HallPlan } from '../../live/types'

it.each([
  [1, 1, 'carrying'],
  [1, 0, 'standby'],
  [0, 0, 'dead'],
  [0, 1, 'odd'],
  [null, 1, null],
  [1, null, null],
])('a feed available %s and carrying %s is %s', (available, carrying, want) => {
  expect(feedState(available, carrying)).toBe(want)
})

const hall = (values: (number | null)[], quality: string, hottest: Hall['hottest'] = null): Hall => ({
  id: 'h',
  of: values.length,
  silent: 0,
  hottest,
  values,
  quality,
})

it('takes the hottest inlet of all halls, and none when all are blind', () => {
  const at = (value: number) =>
    ({ rack: 'r', name: { ko: '', en: '' }, value, quality: 'good', time: null }) as const
  expect(hottestOf([hall([], '', at(23)), hall([], ''), hall([], '', at(25))])?.value).toBe(25)
  expect(hottestOf([hall([null], 'b')])).toBeNull()
})

it('reads a hall as its letters say, and all of it as stale once the server is lost', () => {
  const h = hall([23, 33, null, 20], 'gsbg')
  expect(readingsOf(h, false).map((r) => r.quality)).toEqual(['good', 'stale', 'bad', 'good'])
  expect(readingsOf(h, false).map((r) => r.hot)).toEqual([false, true, false, false])
  expect(readingsOf(h, true).map((r) => r.quality)).toEqual(['stale', 'stale', 'bad', 'stale'])
})

it('places the racks of a second hall below the first', () => {
  const plan = (id: string, racks: string[], rows: number[], cols: number[]): HallPlan => ({
    id,
    name: { ko: id, en: id },
    racks,
    rows,
    cols,
  })
  const cells = place([plan('h1', ['a', 'b'], [1, 2], [1, 1]), plan('h2', ['c'], [1], [3])])
  expect(cells.map((c) => [c.id, c.row, c.col])).toEqual([
    ['h1/a', 1, 1],
    ['h1/b', 2, 1],
    ['h2/c', 3, 3],
  ])
})
