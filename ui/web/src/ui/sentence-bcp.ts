// The organisation's own entries as sentences: a move of one of its machines, what became of an act,
// what a person asked, what the leader answered.

import type { Entry } from '../live/types'
import { fields, text, type Fields, type SentenceWords } from './sentence'

/** Who decides when no person does. */
const nobody: ReadonlySet<string> = new Set(['', 'clock', 'evidence', 'rule'])

const state = (machine: string, name: string, w: SentenceWords): string =>
  w.t(`state.${machine}.${name}`, { defaultValue: name })

const event = (machine: string, name: string, w: SentenceWords): string =>
  w.t(`event.${machine}.${name}`, { defaultValue: w.t(`event.${name}`, { defaultValue: name }) })

/** What a move is about: the machine's kind and its id, people by their names. */
function subject(machine: string, id: string, w: SentenceWords): string {
  const kind = w.t(`machine.${machine}`, { defaultValue: machine })
  if (machine === 'bcp' || machine === 'brake') return kind
  if (machine === 'summon') return `${kind} ${w.person(id.slice(id.indexOf('/') + 1))}`
  return `${kind} ${id}`
}

function vote(d: Fields, id: string, w: SentenceWords): string {
  const v = fields(fields(d.detail).vote)
  const tally = fields(v.tally)
  return w.t('sentence.vote', {
    id,
    who: w.person(text(v.person)),
    choice: w.t(`choice.${text(v.choice)}`, { defaultValue: text(v.choice) }),
    yes: text(tally.yes),
    no: text(tally.no),
    abstain: text(tally.abstain),
    present: text(tally.present),
    needed: text(tally.needed),
  })
}

/** What stands behind a move: words of its detail, its reason, and who made it. */
function behind(d: Fields, w: SentenceWords): string[] {
  const detail = fields(d.detail)
  const evidence = Array.isArray(detail.evidence) ? fields(detail.evidence[0]) : {}
  const roles = Object.entries(fields(detail.roles)).map(
    ([role, who]) => `${w.t(`incident-role.${role}`, { defaultValue: role })}: ${w.person(text(who))}`,
  )
  const approval = fields(detail.approval)
  const channel = text(detail.channel)
  const parts = [
    w.said(text(evidence.what)),
    w.said(text(detail.text)),
    text(detail.evidence),
    ...roles,
    approval.person !== undefined && w.t(approval.yes === true ? 'sentence.approved' : 'sentence.denied'),
    channel &&
      w.t('sentence.channel', { channel: w.t(`channel-kind.${channel}`, { defaultValue: channel }) }),
    text(detail.join) && w.t('sentence.joined', { step: text(detail.join) }),
    Number(detail.share) > 0 && w.t('sentence.share', { n: detail.share }),
    // What was seen is told already where it is the reason too.
    text(d.why) !== text(evidence.what) && w.said(text(d.why)),
    !nobody.has(text(d.by)) && w.t('sentence.by', { who: w.said(w.person(text(d.by))) }),
  ]
  return parts.filter((p): p is string => Boolean(p))
}

function move(d: Fields, e: Entry, w: SentenceWords): string {
  const machine = text(d.machine)
  const id = text(d.id)
  if (!machine) return w.t('sentence.other', { kind: e.kind, subject: e.subject })
  if (machine === 'motion' && d.event === 'vote') return vote(d, id, w)
  const from = text(d.from)
  const to = text(d.to)
  const values = { of: subject(machine, id, w), event: event(machine, text(d.event), w) }
  const line =
    from && from !== to
      ? w.t('sentence.move', { ...values, from: state(machine, from, w), to: state(machine, to, w) })
      : w.t('sentence.note', values)
  return [line, ...behind(d, w)].join(' · ')
}

function outcome(d: Fields, e: Entry, w: SentenceWords): string {
  // The key is machine/id/move/place; an id may hold a slash of its own.
  const [machine = '', ...rest] = (text(d.key) || e.subject).split('/')
  const line = w.t(d.probed === true ? 'sentence.probed' : 'sentence.outcome', {
    of: subject(machine, rest.slice(0, -2).join('/'), w),
    state: w.t(`act-state.${text(d.state)}`, { defaultValue: text(d.state) }),
  })
  return text(d.detail) ? `${line} · ${w.said(text(d.detail))}` : line
}

function receipt(d: Fields, e: Entry, w: SentenceWords): string {
  const [machine = '', ...rest] = (text(d.key) || e.subject).split('/')
  return w.t('sentence.receipt', {
    of: subject(machine, rest.slice(0, -2).join('/'), w),
    who: w.person(text(d.person) || e.actor),
    event: w.t(`receipt.${text(d.event)}`, { defaultValue: text(d.event) }),
  })
}

function evidence(d: Fields, w: SentenceWords): string {
  return w.t(d.gone === true ? 'sentence.evidence-gone' : 'sentence.evidence', {
    kind: w.t(`evidence-kind.${text(d.kind)}`, { defaultValue: text(d.kind) }),
    site: text(d.site),
    what: w.said(text(d.what)),
  })
}

function request(d: Fields, e: Entry, w: SentenceWords): string {
  const by = Array.isArray(d.by) ? d.by.map((b) => w.person(text(fields(b).person))).join(' + ') : e.actor
  const args = fields(d.args)
  const line = w.t('sentence.request', {
    who: by,
    what: w.t(`request.${text(d.kind)}`, { defaultValue: text(d.kind) || e.subject }),
    subject: text(d.subject) || '–',
  })
  const words = ['what', 'text', 'reason', 'evidence'].map((k) => text(args[k])).filter(Boolean)
  return [line, ...words].join(' · ')
}

function reply(d: Fields, w: SentenceWords): string {
  const code = Number(d.code)
  const key = code === 200 ? 'done' : code === 202 ? 'waiting' : 'refused'
  const detail = w.said(text(d.detail))
  return w.t(`sentence.reply-${key}`, { detail: key === 'refused' ? detail : '' }).trim()
}

export function continuitySentence(e: Entry, d: Fields, w: SentenceWords): string {
  switch (e.kind) {
    case 'bcp.move':
      return move(d, e, w)
    case 'bcp.outcome':
      return outcome(d, e, w)
    case 'bcp.evidence':
      return evidence(d, w)
    case 'bcp.receipt':
      return receipt(d, e, w)
    case 'bcp.request':
      return request(d, e, w)
    case 'bcp.reply':
      return reply(d, w)
    default:
      return w.t('sentence.other', { kind: e.kind, subject: e.subject })
  }
}

/** Under which filter of the shared journal an entry falls. */
export type SharedGroup = 'incident' | 'committee' | 'failover' | 'playbook' | 'request' | 'outcome' | 'site'

const ofMachine: Record<string, SharedGroup> = {
  incident: 'incident',
  grade: 'incident',
  bcp: 'committee',
  motion: 'committee',
  summon: 'committee',
  failover: 'failover',
  brake: 'failover',
  service: 'failover',
  play: 'playbook',
  step: 'playbook',
}

export function sharedGroup(e: Entry): SharedGroup {
  switch (e.kind) {
    case 'bcp.move':
      return ofMachine[text(fields(e.data).machine)] ?? 'site'
    case 'bcp.evidence':
      return 'incident'
    case 'bcp.outcome':
    case 'bcp.receipt':
      return 'outcome'
    case 'bcp.request':
    case 'bcp.reply':
      return 'request'
    default:
      return 'site'
  }
}

const opened: ReadonlySet<string> = new Set(['incident', 'motion', 'play'])

/**
 * Whether an entry belongs to the story people follow. The rest has a filter of its own: who asked and
 * what was answered (what came of it is a move), acts that went well, and what was merely made ready.
 */
export function telling(e: Entry): boolean {
  const d = fields(e.data)
  switch (e.kind) {
    case 'bcp.request':
    case 'bcp.reply':
    case 'bcp.receipt':
      return false
    case 'bcp.outcome':
      return d.state !== 'done'
    case 'bcp.move':
      return d.event !== 'create' || opened.has(text(d.machine))
    default:
      return true
  }
}
