// How numbers, times and qualities are written. Words come from the text files, not from here.

import type { Lang, Point, Quality } from './types'

/** How a value must look; flags win over the quality where a person or a drill made the value. */
export type Look = 'good' | 'stale' | 'bad' | 'unknown' | 'substituted' | 'simulated' | 'out-of-service'

export function look(quality: Quality, flags: readonly string[] = []): Look {
  if (flags.includes('out-of-service')) return 'out-of-service'
  if (quality === 'bad') return 'bad'
  if (quality === 'unknown') return 'unknown'
  if (quality === 'stale') return 'stale'
  if (flags.includes('substituted')) return 'substituted'
  if (flags.includes('simulated')) return 'simulated'
  return 'good'
}

const worseness: Record<Quality, number> = { good: 0, uncertain: 1, stale: 2, bad: 3, unknown: 4 }

/** The less trustworthy of the qualities, for a value made of several. */
export function worst(qs: readonly Quality[]): Quality {
  return qs.reduce<Quality>((w, q) => (worseness[q] > worseness[w] ? q : w), 'good')
}

const units: Record<string, string> = {
  degC: '℃',
  'degC/min': '℃/min',
  '-': '',
  pct: '%',
  count: '',
  bool: '',
}

/** A unit as people read it. */
export function unit(u: string): string {
  return units[u] ?? u
}

/** A number with fixed digits, so that live figures do not jump; a minus is a real minus. */
export function number(v: number, digits = 1): string {
  const s = v.toFixed(digits)
  const text = Number(s) === 0 ? s.replace('-', '') : s
  return text.replace('-', '−')
}

/** The value's own text: the word of an enumeration, or the number without its unit. */
export function valueText(v: number, point: Partial<Point>, lang: Lang): string {
  const word = point.enum?.[String(Math.round(v))]
  if (word) return word[lang] || word.ko || word.en
  const digits = point.digits ?? (point.kind === 'binary' || point.kind === 'enum' ? 0 : 1)
  return number(v, digits)
}

// The offset's own name where the browser has none shorter: Korean locales call it KST only here.
const zoneNames: Record<string, string> = { 'Asia/Seoul': 'KST', UTC: 'UTC', 'Etc/UTC': 'UTC' }

export function zoneName(zone: string, at: number): string {
  const own = zoneNames[zone]
  if (own) return own
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(at)
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? zone
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const had = formats.get(zone)
  if (had) return had
  // sv-SE writes dates as 2026-03-02; h23 keeps midnight 00 and the Korean 오전/오후 away.
  const f = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formats.set(zone, f)
  return f
}

/** `2026-03-02 14:03:22` in the site's zone. */
export function dateTime(ms: number, zone: string): string {
  return formatOf(zone).format(ms).replace(',', '')
}

/** `14:03:22` in the site's zone. */
export function clock(ms: number, zone: string): string {
  return dateTime(ms, zone).slice(-8)
}

export interface DurationParts {
  key: 'duration.s' | 'duration.ms' | 'duration.hm' | 'duration.dh'
  values: Record<string, number>
}

/** A duration in its two largest units, as a text key and its figures. */
export function duration(ms: number): DurationParts {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return { key: 'duration.s', values: { s } }
  const m = Math.floor(s / 60)
  if (m < 60) return { key: 'duration.ms', values: { m, s: s % 60 } }
  const h = Math.floor(m / 60)
  if (h < 24) return { key: 'duration.hm', values: { h, m: m % 60 } }
  return { key: 'duration.dh', values: { d: Math.floor(h / 24), h: h % 24 } }
}

/** A running clock: 58:12, 1:01:12, with a real minus once it is past. */
export function stopwatch(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const rest = `${h > 0 ? two(Math.floor(s / 60) % 60) : Math.floor(s / 60)}:${two(s % 60)}`
  return `${ms < 0 && s > 0 ? '−' : ''}${h > 0 ? `${h}:` : ''}${rest}`
}
