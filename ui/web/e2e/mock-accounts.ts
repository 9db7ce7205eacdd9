// The mock's accounts: enough of them that each state of the table shows. What it says about passwords is play.

import type { Account, Accounts, OwnAccount } from '../src/live/accounts'

const one = (user: string, ko: string, en: string, more: Partial<Account> = {}): Account => ({
  user,
  names: { ko, en },
  roles: [user],
  contact: {},
  own: false,
  demo: true,
  disabled: false,
  factor: false,
  factor_required: false,
  recovery: 0,
  last_login: null,
  edited: null,
  tokens: [],
  ...more,
})

const list = (): Account[] => [
  one('operator', '운영원', 'Operator', { last_login: new Date(Date.now() - 3600_000).toISOString() }),
  one('lead', '교대 조장', 'Shift lead', { contact: { phone: '+82 2 123 4567', mail: 'lead@example.com' } }),
  one('safety', '소방안전관리자', 'Fire-safety manager', { disabled: true }),
  one('tower', '컨트롤 타워', 'Control tower', {
    factor: true,
    factor_required: true,
    recovery: 9,
    demo: false,
  }),
  one('chair', '위원장', 'Committee chair', { factor_required: true }),
  one('admin', '관리자', 'Administrator'),
]

const writing = (cut: boolean) => ({
  shared: true,
  writable: !cut,
  why: cut ? 'no quorum: read only' : undefined,
})

export function ownAccount(user: string, cut: boolean): OwnAccount {
  const known = list().find((a) => a.user === user) ?? one(user, user, user)
  return { ...known, own: true, ...writing(cut) }
}

export function allAccounts(user: string, cut: boolean): Accounts {
  return {
    items: list().map((a) => ({ ...a, own: a.user === user })),
    ...writing(cut),
    roles: ['operator', 'lead', 'safety', 'facilities', 'authority', 'chair', 'member', 'tower', 'admin'],
    factor_roles: ['chair', 'tower'],
    unread: [
      { user: 'night-shift', why: 'account night-shift as all sites know it: unknown role "dispatcher"' },
    ],
    settled: [
      {
        user: 'lead',
        at: new Date(Date.now() - 7200_000).toISOString(),
        why: "this desk's copy was changed 4 times, all sites' 1 times",
      },
    ],
  }
}

export const recovery = {
  recovery: Array.from({ length: 10 }, (_, n) => `ABCD-EFGH-JKMN-PQR${n}`),
}
