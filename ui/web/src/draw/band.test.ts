import { expect, test } from 'vitest'
import { pieces } from './band'

const edge = (minute: number, low: number | null) => ({
  t: new Date(Date.UTC(2026, 2, 2, 5, minute)).toISOString(),
  low,
  high: low === null ? null : low + 2,
})

test('a band is filled from edge to edge', () => {
  const got = pieces([edge(0, 21), edge(5, 22), edge(10, 23)])
  expect(got.map(([a, b]) => [a.low, b.high])).toEqual([
    [21, 24],
    [22, 25],
  ])
})

test('where nobody knew what is usual the band has a gap', () => {
  expect(pieces([edge(0, 21), edge(5, 22), edge(30, 23), edge(35, 24)])).toHaveLength(2)
  expect(pieces([edge(0, 21), edge(5, null), edge(10, 23), edge(15, 23)])).toHaveLength(1)
  expect(pieces([])).toEqual([])
})
