// The organisation's words in the reader's language: how a known sentence is found and its blanks are
// filled. Here are the few that a phone needs: why something was refused, and what the rules themselves
// put to the vote. said.ts has all the others.

export type Translate = (key: string, values: Record<string, string>) => string

/** A sentence with its blanks, its key, and what the blanks are called in the words. */
export type Sentence = [form: string, key: string, blanks: string[]]

export interface Known {
  form: RegExp
  key: string
  blanks: string[]
}

// A list is told part by part, so no blank reaches over its separator.
export const name = '([^;]+?)'
export const rest = '(.+)'

/** Sentences ready to be found; their words stand under a topic of keys. */
export const know = (topic: string, sentences: readonly Sentence[]): Known[] =>
  sentences.map(([form, key, blanks]) => ({ form: new RegExp(`^${form}$`), key: `${topic}.${key}`, blanks }))

/** Motions that the rules themselves put. */
export const motions = know('by-rule', [
  [`Declare a disaster at (\\S+) and start its playbook\\.`, 'declare', ['site']],
  [`Ratify what ${rest} did against the rules \\((.*?)\\): (.*)`, 'ratify', ['who', 'rules', 'why']],
])

// How a refusal ends; what stands before it says of what it speaks.
const refusals: [string, string][] = [
  ['not on the roster', 'stranger'],
  ['a reason is needed', 'no-reason'],
  ['only the control tower may do this', 'tower'],
  ['two different people on two different stations are needed', 'two'],
  ['too early', 'early'],
  ['too late', 'past'],
  ['something is missing', 'incomplete'],
  ['no such thing', 'none'],
  ['not allowed in this state', 'state'],
  ['has no seat and sits for nobody', 'seat'],
  ['the motion is closed', 'closed'],
  ['the code was used before', 'code-used'],
  ['neither yes, no nor abstain', 'choice'],
  ['a run is under way: join it', 'running'],
  ['traffic has moved: the way back is a run of its own', 'moved'],
  ['the side to return to is not ready', 'not-ready'],
  ['the guard still fails', 'guard'],
  ['no signature replaces this proof', 'no-signing'],
  ['the end has passed', 'past-end'],
  ['the broken glass was not ratified', 'unratified'],
  ['the outcome is unknown: only a probe may settle it', 'probe-only'],
  ['epoch is older than the newest seen', 'stale'],
  ['an earlier move may or may not be in the journal: read it before moving on', 'in-doubt'],
]

/** A whole sentence that is known; a blank marked with a star holds a sentence itself. */
export function whole(text: string, t: Translate, known: readonly Known[], inner: Teller): string | null {
  for (const { form, key, blanks } of known) {
    const hit = form.exec(text)
    if (!hit) continue
    const values = blanks.map((blank, i) => {
      const v = hit[i + 1] ?? ''
      return blank.endsWith('*') ? [blank.slice(0, -1), inner(v, t)] : [blank, v]
    })
    return t(key, { ...(Object.fromEntries(values) as Record<string, string>), defaultValue: text })
  }
  return null
}

export type Teller = (text: string, t: Translate) => string

export function refusal(text: string, t: Translate): string | null {
  for (const [end, key] of refusals) {
    if (text !== end && !text.endsWith(`: ${end}`)) continue
    const of = text.slice(0, Math.max(0, text.length - end.length - 2))
    const reason = t(`refusal.${key}`, { defaultValue: end })
    return of ? t('refusal.of', { reason, of, defaultValue: text }) : reason
  }
  return null
}

/** Why something was refused, or what a motion of the rules says; anything else stays as it is. */
export function brief(text: string, t: Translate): string {
  return whole(text, t, motions, brief) ?? refusal(text, t) ?? text
}
