import { expect, it } from 'vitest'
import { readSimulator } from './simulator'

it('reads what the panel needs and survives what is missing or odd', () => {
  const s = readSimulator(
    {
      scenario: { name: 'battery-fire', elapsed_s: 12.5, next: { what: 'inject', in_s: 3 } },
      speed: { asked: 10, effective: 1, held: true },
      faults: [{ id: 'f1', kind: 'isc', target: 'demo/b1/r3' }],
      racks: [{ id: 'demo/b1/r3', max_cell_c: 81.2, air_c: 'hot' }],
    },
    { items: [{ name: 'battery-fire', title: { ko: '배터리 화재' }, text: { en: 'burns' } }] },
  )
  expect(s).toMatchObject({ running: 'battery-fire', elapsed: 12.5, asked: 10, effective: 1, held: true })
  expect(s.scenarios[0]?.title.en).toBe('배터리 화재')
  expect(s.scenarios[0]?.text.ko).toBe('burns')
  expect(s.truth).toEqual([{ rack: 'demo/b1/r3', maxC: 81.2, airC: null }])
  expect(readSimulator(null, undefined)).toMatchObject({ scenarios: [], running: '', asked: 1, faults: [] })
})
