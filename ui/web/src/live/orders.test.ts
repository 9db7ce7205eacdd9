import { expect, it } from 'vitest'
import { askedOf, left, running, signBlock, steps, toType, waits } from './orders'
import type { CommandRecord } from './types'

const record = (more: Partial<CommandRecord>): CommandRecord => ({
  id: '1',
  name: 'd/pump',
  command: 'd/pump',
  asset: 'a',
  by: 'safety',
  station: 'one',
  state: 'requested',
  attempt: 0,
  requested: '2026-03-01T09:00:00Z',
  sent: null,
  accepted: null,
  confirmed: null,
  ...more,
})

it('says beforehand whom the server would not take as the second person', () => {
  const r = record({ kind: 'fire.release', name: 'fire.release B1' })
  expect(signBlock(r, { user: 'safety', station: 'two', roles: ['safety'] })).toBe('self')
  expect(signBlock(r, { user: 'lead', station: 'one', roles: ['lead'] })).toBe('station')
  expect(signBlock(r, { user: 'operator', station: 'two', roles: ['operator'] })).toBe('role')
  expect(signBlock(r, { user: 'lead', station: 'two', roles: ['lead'] })).toBe('')
  const cut = record({ kind: 'fire.power-cut', name: 'fire.power-cut B1' })
  expect(signBlock(cut, { user: 'lead', station: 'two', roles: ['lead'] })).toBe('role')
})

it('has what the act is done to typed', () => {
  expect(toType(record({ kind: 'fire.release', name: 'fire.release B1' }))).toBe('B1')
  expect(toType(record({ kind: 'fire.reset', name: 'fire.reset B1', args: { rack: 'R3' } }))).toBe('R3')
  expect(toType(record({ kind: 'fire.inhibit', name: 'x', args: { command: 'R3.WATER' } }))).toBe('R3.WATER')
  expect(toType(record({}))).toBe('d/pump')
})

it('keeps what runs apart from what has ended, and counts down to zero', () => {
  const waiting = record({ id: '2', until: '2026-03-01T09:01:00Z' })
  const all = [record({ state: 'confirmed' }), waiting, record({ id: '3', by: 'fire', state: 'sent' })]
  expect(running(all)).toEqual([waiting])
  expect(waits(waiting)).toBe(true)
  expect(left(waiting, Date.parse('2026-03-01T09:00:48Z'))).toBe(12_000)
  expect(left(waiting, Date.parse('2026-03-01T10:00:00Z'))).toBe(0)
})

it('shows the steps an order takes', () => {
  expect(steps(record({})).map((s) => s.key)).toEqual([
    'requested',
    'authorised',
    'sent',
    'accepted',
    'confirmed',
  ])
  expect(steps(record({ selected: 'x' })).map((s) => s.key)).toContain('selected')
  expect(steps(record({ kind: 'fire.reset' })).map((s) => s.key)).toEqual([
    'requested',
    'authorised',
    'confirmed',
  ])
})

it('has an act on an alarm signed by naming its equipment, by whom the server would take', () => {
  const id = 'volt-low@a/v'
  const r = record({
    kind: 'alarm.shelve',
    name: `alarm.shelve ${id}`,
    by: 'lead',
    until: '2026-03-01T09:05:00Z',
  })
  const at = Date.parse('2026-03-01T09:04:00Z')
  expect(toType(r)).toBe('a')
  expect(toType({ ...r, asset: '' })).toBe(id)
  expect(signBlock(r, { user: 'facilities', station: 'two', roles: ['facilities'] })).toBe('')
  expect(signBlock(r, { user: 'operator', station: 'two', roles: ['operator'] })).toBe('role')
  expect(askedOf([r], id, at)).toEqual([r])
  expect(askedOf([r], 'volt-low@b/v', at)).toEqual([])
  expect(askedOf([r], id, at + 120_000)).toEqual([])
  expect(askedOf([{ ...r, state: 'cancelled' }], id, at)).toEqual([])
})
