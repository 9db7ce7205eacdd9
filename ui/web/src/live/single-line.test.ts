import { expect, it } from 'vitest'
import { countedAs, layout, lines, way, type LineBox, type LineJoin } from './single-line'

const boxOf = (id: string, kind: string, row: number): LineBox => ({
  id,
  kind,
  row,
  name: { ko: id, en: id },
  state: 'live',
  count: 1,
  dead: 0,
  isolated: 0,
  unproven: 0,
  kw: null,
  load: null,
  minutes: null,
  quality: 'good',
})

const joinOf = (from: string, to: string): LineJoin => ({
  from,
  to,
  kind: 'panel',
  name: { ko: '', en: '' },
  state: 'closed',
  count: 1,
  open: 0,
  shown: true,
  live: true,
  quality: 'good',
  both_ways: false,
})

/** A site with some zones, each with panels of two halls, and racks on two zones each. */
function site(zones: number) {
  const boxes = [boxOf('feed', 'feed', 0), boxOf('gen', 'generator', 0), boxOf('site', 'site', 1)]
  const joins = [joinOf('feed', 'site'), joinOf('gen', 'site')]
  for (let z = 0; z < zones; z++) {
    boxes.push(
      boxOf(`ups${z}`, 'ups-zone', 2),
      boxOf(`battery${z}`, 'battery', 2),
      boxOf(`out${z}`, 'bus', 3),
    )
    joins.push(joinOf('site', `ups${z}`), joinOf(`battery${z}`, `ups${z}`), joinOf(`ups${z}`, `out${z}`))
    for (const hall of [0, 1]) {
      boxes.push(boxOf(`panels${z}${hall}`, 'panels', 4))
      joins.push(joinOf(`out${z}`, `panels${z}${hall}`), joinOf(`panels${z}${hall}`, `racks${hall}`))
    }
  }
  boxes.push(boxOf('racks0', 'racks', 5), boxOf('racks1', 'racks', 5), boxOf('chiller', 'chiller', 3))
  joins.push(joinOf('site', 'chiller'))
  return { boxes, joins }
}

it('places every box, and none upon another', () => {
  for (const zones of [1, 2, 4]) {
    const line = site(zones)
    const { places, width, height } = layout(line)
    expect([...places.keys()].sort()).toEqual(line.boxes.map((b) => b.id).sort())
    const solid = [...places].filter(([, p]) => !p.bar)
    for (const [a, p] of solid) {
      expect(p.x).toBeGreaterThanOrEqual(0)
      expect(p.x + p.w).toBeLessThanOrEqual(width)
      expect(p.y + p.h).toBeLessThanOrEqual(height)
      for (const [b, q] of solid)
        if (a < b)
          expect(
            p.x + p.w <= q.x || q.x + q.w <= p.x || p.y + p.h <= q.y || q.y + q.h <= p.y,
            `${a} lies upon ${b}`,
          ).toBe(true)
    }
  }
})

it('leads lines from bottom to top, and straight where it can', () => {
  const { places } = layout(site(2))
  const at = (id: string) => {
    const p = places.get(id)
    if (!p) throw new Error(id)
    return p
  }
  expect(way(at('feed'), at('site'), 0).d).toMatch(/^M[\d.]+ [\d.]+ V[\d.]+$/)
  expect(way(at('battery0'), at('ups0'), 0).d).toMatch(/^M[\d.]+ [\d.]+ H[\d.]+$/)
  expect(way(at('panels00'), at('racks1'), 3).d).toMatch(/ V[\d.]+ H[\d.]+ V[\d.]+$/)
})

it('breaks a name at a blank and cuts what is left', () => {
  expect(lines('Panel A')).toEqual(['Panel A'])
  expect(lines('Panels of IT hall H1 of the old building')).toEqual([
    'Panels of IT hall H1',
    'of the old building',
  ])
  expect(lines('전산실 7 분전반과 예비 분전반 전체의 이름')[1]).toMatch(/…$/)
  expect(lines('배터리실배터리실배터리실배터리실')).toHaveLength(1)
})

it('says how many racks are isolated, and of how many nobody knows, before it says how many there are', () => {
  const of = (more: Partial<LineBox>) => countedAs({ ...boxOf('b', 'battery', 2), count: 8, ...more })
  expect(of({})).toEqual({ key: 'line.count', n: 8 })
  expect(of({ isolated: 1 })).toEqual({ key: 'line.isolated-of', n: 1 })
  expect(of({ unproven: 2 })).toEqual({ key: 'line.unproven-of', n: 2 })
  expect(of({ isolated: 1, unproven: 2 })).toEqual({ key: 'line.isolated-unproven-of', n: 1 })
  expect(of({ dead: 3 })).toEqual({ key: 'line.dead-of', n: 3 })
  expect(of({ count: 1 })).toBeUndefined()
  expect(of({ count: 1, isolated: 1 })).toEqual({ key: 'line.isolated-of', n: 1 })
})
