import { expect, it } from 'vitest'
import { heardAgo, laneOf, worstRoom, type Center, type SiteMove } from './sites'

const center = (id: string, more: Partial<Center> = {}): Center => ({
  id,
  facility: id,
  names: { ko: id, en: id },
  own: false,
  state: 'speaks',
  heard_ms: 400,
  nodes: [],
  rooms: [],
  burning: false,
  signs: [],
  alarms: [0, 0],
  worst: { ko: '', en: '' },
  groups: [],
  messenger: null,
  entries: [],
  ...more,
})
const three = [center('dc1'), center('dc2'), center('dc3')]
const move = (from: string, to: string): SiteMove => ({
  group: 'talk',
  from,
  to,
  state: 'ARMED',
  moving: false,
  served: from,
  share: 0,
})

it('draws the way of a move from where it leaves to where it goes', () => {
  expect(laneOf(move('dc1', 'dc3'), three)).toEqual({ first: 1, last: 3, rightward: true, served: 1 })
  expect(laneOf(move('dc3', 'dc2'), three)).toEqual({ first: 2, last: 3, rightward: false, served: 3 })
  expect(laneOf(move('dc1', 'dc9'), three)).toBeUndefined()
})

it('names the room furthest up the ladder', () => {
  const rooms = [
    { room: 'b1', stage: 'S2' as const, votes: 2 },
    { room: 'b2', stage: 'S4' as const, votes: 3 },
    { room: 'b3', stage: 'SP' as const, votes: 0 },
  ]
  expect(worstRoom(center('dc1', { rooms }))?.room).toBe('b2')
  expect(worstRoom(center('dc1'))).toBeUndefined()
})

it('counts on while no newer answer comes', () => {
  expect(heardAgo(center('dc1'), 2000)).toBe(2400)
  expect(heardAgo(center('dc1', { heard_ms: null }), 2000)).toBeNull()
  expect(heardAgo(center('dc1'), -5)).toBe(400)
})
