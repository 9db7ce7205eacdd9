// A journal entry as a sentence. Only what the record says; a record of an unknown kind is shown by
// its kind and subject, never guessed at.

import { bare } from '../live/ladder'
import { number, unit as unitText } from '../live/format'
import type { Entry, Lang, Text } from '../live/types'
import { useSaid } from './said'
import { useNames } from './continuity'
import { continuitySentence } from './sentence-bcp'
import { useAssetName, useWords } from './text'

export type Fields = Record<string, unknown>
export type Translate = (key: string, values?: Record<string, unknown>) => string

export interface SentenceWords {
  t: Translate
  lang: Lang
  asset: (id: string) => string
  /** A person on the roster. */
  person: (id: string) => string
  /** A sentence of the organisation's rules. */
  said: (text: string) => string
}

export function fields(v: unknown): Fields {
  if (typeof v === 'object' && v !== null) return v as Fields
  if (typeof v !== 'string') return {}
  try {
    return fields(JSON.parse(v) as object)
  } catch {
    return {}
  }
}

export const text = (v: unknown): string => (typeof v === 'string' || typeof v === 'number' ? String(v) : '')

function wording(v: unknown, lang: Lang): string {
  const both = fields(v) as Partial<Text>
  return both[lang] || both.ko || both.en || ''
}

function alarm(d: Fields, e: Entry, w: SentenceWords): string {
  const what = wording(d.texts, w.lang) || text(d.text) || e.subject
  const unit = text(d.unit)
  const measured = typeof d.value === 'number' && unit && unit !== '-'
  const value = measured ? ` (${number(d.value as number)} ${unitText(unit)})` : ''
  return w.t('sentence.alarm', {
    state: w.t(`alarm.state.${text(d.state)}`, { defaultValue: text(d.state) }),
    asset: w.asset(text(d.asset)),
    what: what + value,
  })
}

function command(d: Fields, e: Entry, w: SentenceWords): string {
  const name = text(d.name) || text(d.command) || e.subject
  const said = w.t(`fire.${bare(name)}`, { defaultValue: name })
  const state = w.t(`command-state.${text(d.state)}`, { defaultValue: text(d.state) })
  const line = w.t('sentence.command', { name: said, id: name, state })
  return text(d.error) ? `${line} · ${text(d.error)}` : line
}

function stage(d: Fields, e: Entry, w: SentenceWords): string {
  return w.t('sentence.stage', {
    where: [text(d.room), text(d.rack)].filter(Boolean).join(' ') || e.subject,
    from: text(d.from),
    to: text(d.to),
    word: w.t(`stage.${text(d.to)}`, { defaultValue: text(d.to) }),
    why: w.t(`why.${text(d.why)}`, { defaultValue: text(d.why) || '–' }),
  })
}

function act(d: Fields, e: Entry, w: SentenceWords): string {
  const kind = text(d.kind) || e.kind
  const by = Array.isArray(d.by) ? d.by.map(text).join(' + ') : e.actor
  const line = w.t('sentence.act', {
    by,
    kind: w.t(`act-kind.${kind}`, { defaultValue: kind }),
    subject: text(d.subject) || e.subject,
  })
  const said = kind === 'alarm.note' ? text(fields(d.args).text) : text(d.reason)
  return said ? `${line} · ${said}` : line
}

export function sentence(e: Entry, w: SentenceWords): string {
  const d = fields(e.data)
  switch (e.kind) {
    case 'alarm':
      return alarm(d, e, w)
    case 'command':
      return command(d, e, w)
    case 'stage':
      return stage(d, e, w)
    case 'act':
      return act(d, e, w)
    case 'refusal':
      return w.t('sentence.refusal', { subject: e.subject, by: e.actor, why: text(d.detail) })
    case 'start':
    case 'stop':
      return w.t(`sentence.${e.kind}`, { what: e.subject || e.actor })
    case 'gap':
    case 'journal.gap':
      return w.t('sentence.gap', { why: text(d.why) || text(d.what) || text(d.gap) || e.subject })
  }
  if (e.kind === 'site.reload') return reload(d, e, w)
  if (e.kind.startsWith('bcp.')) return continuitySentence(e, d, w)
  if (e.kind.startsWith('fire.')) {
    const known = w.t(`act-kind.${e.kind}`, { defaultValue: e.kind.slice('fire.'.length) })
    return w.t('sentence.fire', { what: known, subject: e.subject })
  }
  return w.t('sentence.other', { kind: e.kind, subject: e.subject })
}

function reload(d: Fields, e: Entry, w: SentenceWords): string {
  const state = w.t(`reload.${text(d.state)}`, { defaultValue: text(d.state) })
  const why = [d.refused, d.changes]
    .flatMap((l) => (Array.isArray(l) ? l.map(text) : []))
    .slice(0, 3)
    .join('; ')
  return w.t('sentence.reload', {
    state,
    by: w.person(e.actor),
    from: text(d.from),
    to: text(d.to) || '?',
    why,
  })
}

export function useSentence(): (e: Entry) => string {
  const { t, lang } = useWords()
  const asset = useAssetName()
  const { person } = useNames()
  const said = useSaid()
  const translate: Translate = (key, values) => t(key, values ?? {})
  return (e) => sentence(e, { t: translate, lang, asset, person, said })
}
