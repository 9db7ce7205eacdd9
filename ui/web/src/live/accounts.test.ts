import { expect, it } from 'vitest'
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
