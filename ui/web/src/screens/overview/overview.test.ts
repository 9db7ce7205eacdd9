import { expect, it } from 'vitest'
import { hottestInlet, place } from './cooling'
import { feedState } from './power'
import type { Asset } from '../../live/types'
import type { Reading } from '../../live/store'

const rack = (id: string, parent: string, row: number, col: number) =>
  ({ id, parent, row, col, kind: 'it-rack', name: { ko: id, en: id } }) as Asset
const r = (value: number | null, quality: Reading['quality']): Reading => ({
  value,
  quality,
  reason: '',
  time: 1,
})

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

it('takes the hottest sensor that can be known, and none when all are blind', () => {
  const a = rack('a1', 'h1', 1, 1)
  expect(hottestInlet(a, [r(23, 'good'), r(25, 'stale'), r(99, 'bad')])).toMatchObject({
    value: 25,
    quality: 'stale',
  })
  expect(hottestInlet(a, [r(null, 'bad'), r(null, 'unknown')])).toMatchObject({
    value: null,
    quality: 'unknown',
  })
})

it('places the racks of a second hall below the first', () => {
  const cells = place([rack('a', 'h1', 1, 1), rack('b', 'h1', 2, 1), rack('c', 'h2', 1, 3)])
  expect(cells.map((c) => [c.row, c.col])).toEqual([
    [1, 1],
    [2, 1],
    [3, 3],
  ])
})
