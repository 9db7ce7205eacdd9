import { expect, it, vi } from 'vitest'
import { Catalogue } from './catalogue'

const feed = { id: 's/f', kind: 'feed', name: { ko: 'F', en: 'F' } }
const power = { id: 's/f/kw', asset: 's/f', name: 'kw', unit: 'kW' }

function house(answers: Record<string, unknown[]>) {
  const asked: string[] = []
  const ask = <T>(path: string): Promise<T[]> => {
    asked.push(path)
    return Promise.resolve((answers[decodeURIComponent(path)] ?? []) as T[])
  }
  return { asked, of: new Catalogue(ask) }
}

const settle = () => vi.advanceTimersByTimeAsync(50)

it('asks for what a screen looks for, once and together, and knows it then', async () => {
  vi.useFakeTimers()
  const h = house({ 'assets?kinds=feed': [feed], 'points?assets=s/f,s/g': [power] })
  const changed = vi.fn()
  h.of.subscribe(changed)
  expect(h.of.plant.ofKind('feed')).toEqual([])
  await settle()
  expect(h.of.plant.ofKind('feed')).toEqual([feed])
  expect(h.of.plant.find('s/f', 'kw')).toBeUndefined()
  h.of.plant.find('s/g', 'kw')
  await settle()
  expect(h.of.plant.find('s/f', 'kw')).toEqual(power)
  expect(h.of.plant.points.get('s/f/kw')).toEqual(power)
  await settle()
  expect(h.asked.map(decodeURIComponent)).toEqual(['assets?kinds=feed', 'points?assets=s/f,s/g'])
  expect(changed).toHaveBeenCalledTimes(2)
})

it('does not ask again for what the site does not have, until the site is another one', async () => {
  vi.useFakeTimers()
  const h = house({})
  h.of.plant.assets.get('s/gone')
  await settle()
  h.of.plant.assets.get('s/gone')
  await settle()
  expect(h.asked).toHaveLength(1)
  h.of.renew()
  await settle()
  expect(h.asked).toHaveLength(2)
})

it('repeats a question that was not answered', async () => {
  vi.useFakeTimers()
  let down = true
  const of = new Catalogue(<T>() =>
    down ? Promise.reject(new Error('no answer')) : Promise.resolve([feed] as T[]),
  )
  of.plant.assets.get('s/f')
  await settle()
  expect(of.plant.assets.get('s/f')).toBeUndefined()
  down = false
  await vi.advanceTimersByTimeAsync(4000)
  expect(of.plant.assets.get('s/f')).toEqual(feed)
})
