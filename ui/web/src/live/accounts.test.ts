import jsQR from 'jsqr'
import { expect, it } from 'vitest'
import { newFactor } from '../../e2e/mock-factor'
import { inFours, lastAdmin, qrPath, type Account } from './accounts'

const account = (user: string, roles: string[], disabled = false): Account => ({
  user,
  names: { ko: user, en: user },
  roles,
  contact: {},
  own: false,
  demo: false,
  disabled,
  factor: false,
  factor_required: false,
  recovery: 0,
  last_login: null,
  edited: null,
  tokens: [],
})

it('draws each run of dark modules once, with room around', () => {
  expect(qrPath(['101', '011', '000'])).toEqual({
    path: 'M4 4h1v1h-1zM6 4h1v1h-1zM5 5h2v1h-2z',
    side: 11,
  })
})

it('writes a secret in fours', () => {
  expect(inFours('ABCDEFGHIJ')).toBe('ABCD EFGH IJ')
  expect(inFours('ABCD')).toBe('ABCD')
})

it('knows the last administrator who can log in', () => {
  const both = [account('a', ['admin']), account('b', ['lead', 'admin']), account('c', ['lead'])]
  expect(lastAdmin(both, 'a')).toBe(false)
  const one = [account('a', ['admin']), account('b', ['admin'], true)]
  expect(lastAdmin(one, 'a')).toBe(true)
  expect(lastAdmin(one, 'b')).toBe(false)
})

/** The dark runs of a path on a white ground, some pixels a module, as a camera sees the drawing. */
function painted(path: string, side: number, scale: number): Uint8ClampedArray {
  const width = side * scale
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255)
  for (const [, x, y, n] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let py = Number(y) * scale; py < (Number(y) + 1) * scale; py++)
      for (let px = Number(x) * scale; px < (Number(x) + Number(n)) * scale; px++)
        pixels.fill(0, (py * width + px) * 4, (py * width + px) * 4 + 3)
  return pixels
}

it('draws what another decoder than the one that encoded it reads as the address of the secret', () => {
  const { path, side } = qrPath(newFactor.picture)
  const read = jsQR(painted(path, side, 4), side * 4, side * 4)
  expect(read?.data).toBe(newFactor.uri)
  expect(new URL(newFactor.uri).searchParams.get('secret')).toBe(newFactor.secret)
})
