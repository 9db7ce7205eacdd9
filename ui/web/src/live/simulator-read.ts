// Readers of JSON that nobody has checked: each takes a field only in the type that is wanted.

import type { Text } from './types'

export type Fields = Record<string, unknown>

export const record = (v: unknown): Fields => (typeof v === 'object' && v !== null ? (v as Fields) : {})
export const list = (v: unknown): Fields[] => (Array.isArray(v) ? v.map(record) : [])
export const text = (v: unknown): string => (typeof v === 'string' ? v : '')
export const figure = (v: unknown): number | null => (typeof v === 'number' && Number.isFinite(v) ? v : null)

export function wording(v: unknown, otherwise: string): Text {
  if (typeof v === 'string' && v) return { ko: v, en: v }
  const f = record(v)
  const ko = text(f.ko)
  const en = text(f.en)
  return { ko: ko || en || otherwise, en: en || ko || otherwise }
}
