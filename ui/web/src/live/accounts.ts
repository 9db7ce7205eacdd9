// Accounts as the server tells them, and the picture that a phone reads a second factor from.

import type { Text } from './types'

export interface Contact {
  phone?: string
  mail?: string
}

export interface Account {
  user: string
  names: Text
  roles: string[]
  contact: Contact
  own: boolean
  demo: boolean
  disabled: boolean
  factor: boolean
  factor_required: boolean
  /** Recovery codes left. */
  recovery: number
  last_login: string | null
  edited: string | null
  tokens: string[]
}

/** Whether accounts can be changed from here. */
export interface Writing {
  shared: boolean
  writable: boolean
  why?: string
}

export interface Accounts extends Writing {
  items: Account[]
  roles: string[]
  factor_roles: string[]
  /** Accounts of all sites that this node's program cannot read. */
  unread: { user: string; why: string }[]
  settled: { user: string; at: string; why: string }[]
}

export type OwnAccount = Account & Writing

export interface NewFactor {
  secret: string
  uri: string
  picture: string[]
}

/** Light modules around the code: without them a phone does not find it. */
const quiet = 4

/** The dark modules of a QR code as one path, a run of a row at a time, and the side of the whole in modules. */
export function qrPath(rows: readonly string[]): { path: string; side: number } {
  const runs = rows.flatMap((row, y) =>
    [...row.matchAll(/1+/g)].map((run) => {
      const n = run[0].length
      return `M${run.index + quiet} ${y + quiet}h${n}v1h-${n}z`
    }),
  )
  return { path: runs.join(''), side: rows.length + 2 * quiet }
}

/** A secret as people type it. */
export const inFours = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ')

/** The last administrator who can log in: the server refuses to take that one away. */
export function lastAdmin(items: readonly Account[], user: string): boolean {
  const able = items.filter((a) => a.roles.includes('admin') && !a.disabled)
  return able.length === 1 && able[0]?.user === user
}
