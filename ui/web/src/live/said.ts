// What the organisation's rules say, in the reader's language. The rules speak plain English sentences
// into the journal; each known one has words of its own here, every other one is shown as it is.

import { know, motions, name, refusal, rest, whole, type Sentence, type Translate } from './told'

const num = '([\\d.]+)'

// A sentence with its blanks, and what the blanks are called in the words.
const sentences: Sentence[] = [
  // confirmed
  [`facility: (\\S+) ?(.*)`, 'facility', ['kind', 'what']],
  [`${num} of 2 failure domains see it dead`, 'domains', ['n']],
  [`seen dead from ${name}; its dependents fail`, 'dead-dependents', ['who']],
  [`seen dead from ${name}; replication stands`, 'dead-stalled', ['who']],
  ['nothing behind it agrees: this may be a partition', 'partition', []],
  // precheck
  ['target not alive', 'target-dead', []],
  ['capacity or load not measured', 'no-capacity', []],
  [`capacity ${num}/s is below 1.3 x ${num}/s`, 'capacity', ['has', 'load']],
  ['permissions not proven within ten minutes', 'permissions', []],
  ['configuration differs', 'drift', []],
  ['no site would serve', 'none-serving', []],
  ['target ready', 'target-ready', []],
  // authority
  [`denied by ${name}`, 'denied', ['who']],
  [`two persons: ${name} and ${name}`, 'two-agreed', ['a', 'b']],
  ['two persons on two stations have to agree', 'two-needed', []],
  [`standing order ${name}, signed by ${name} and ${name}`, 'standing-order', ['order', 'a', 'b']],
  [`standing order (\\S+)`, 'by-standing', ['order']],
  ['declared disaster', 'declared', []],
  ['automatic: the data can be rebuilt', 'automatic', []],
  [`one person: ${name}`, 'one-agreed', ['who']],
  ['one person has to agree', 'one-needed', []],
  // fence
  [`epoch ${num} is not committed`, 'epoch-open', ['epoch']],
  ['its lease has not expired', 'lease', []],
  [`its store is read-only at epoch ${num}`, 'read-only', ['epoch']],
  ["its power is off by the facility's own feedback", 'power-off', []],
  ['its switch port is shut and read back', 'port-shut', []],
  ['nothing proves that it cannot write; unreachable is no proof', 'unproven', []],
  // data
  [`${name} is rebuilt`, 'rebuilt', ['service']],
  [`${name} is restored`, 'restored', ['service']],
  [`${name} is out, its owner knows`, 'declared-out', ['service']],
  [`${name} is neither restored nor declared out`, 'not-restored', ['service']],
  [`${name} is replicated before it is acknowledged`, 'synchronous', ['service']],
  [`${name} has record ${num} of ${num}`, 'record-of', ['service', 'has', 'of']],
  [`${name} has record ${num}`, 'record', ['service', 'has']],
  [`${name}: the last record of the source is not known`, 'no-last', ['service']],
  // verify, canary, shift
  [`${name} does not work at the target`, 'no-check', ['check']],
  [`a user can ${name}`, 'user-can', ['checks']],
  ['the share at the target has to stay quiet', 'quiet', []],
  ['the share has not been quiet for long enough', 'not-quiet', []],
  ['errors of the share at the target are not below twice the normal', 'errors', []],
  ['errors of the share at the target cannot be judged', 'errors-unseen', []],
  [
    `at ${name} ${num} of ${num} requests a second fail where ${num} % is normal`,
    'failing',
    ['site', 'n', 'of', 'normal'],
  ],
  [`nobody knows how many failed at ${name}: the least is taken for normal`, 'no-normal', ['site']],
  [`${name} does not tell how many requests fail`, 'no-figures', ['site']],
  [`no user of ours was at ${name} yet`, 'no-user', ['site']],
  [`a user of ours does not get through at (\\S+): ${name}`, 'user-fails', ['site', 'why']],
  [`a user of ours who came to ${name} was served by ${name}`, 'user-astray', ['site', 'by']],
  ['resume once it is mended, or two people go on without this', 'remedy', []],
  ['an authoritative server answers the old site', 'names-old', []],
  ['the old names may still be cached', 'cached', []],
  ['several resolvers have to answer the target', 'resolvers', []],
  ['no user outside has passed five times in a row', 'outside', []],
  ['clients still hold to the old site', 'old-sessions', []],
  ['clients are still coming back', 'coming-back', []],
  ['the world has followed', 'followed', []],
  ['the target has acknowledged and read back client traffic', 'served', []],
  // acts
  [`(\\S+) (\\S*) had no effect: ${name}`, 'no-effect', ['act', 'to', 'detail']],
  [`(\\S+) (\\S*): its outcome cannot be found out`, 'no-outcome', ['act', 'to']],
  [`(\\S+) (\\S*) is of unknown outcome: a probe has to tell first`, 'doubt', ['act', 'to']],
  ['a promotion is of unknown outcome: a probe has to tell first', 'doubt-promotion', []],
  ['nothing is of unknown outcome', 'no-doubt', []],
  [`${num} acts without an outcome`, 'acts-open', ['n']],
  ['acts done', 'acts-done', []],
  // blocks and the brake
  ['the group is excluded from failover', 'excluded', []],
  ['maintenance', 'maintenance', []],
  [`the brake is on: ${rest}`, 'brake', ['why*']],
  ['nothing blocks it any more', 'unblocked', []],
  [`${num} automatic runs within (\\S+)`, 'brake-runs', ['n', 'window']],
  [`${num} of ${num} groups are suspect at once`, 'brake-suspect', ['n', 'of']],
  [`overridden: ${rest}`, 'overridden', ['why*']],
  [`asked again: ${rest}`, 'asked-again', ['why*']],
  [`the new site is in danger: ${name}`, 'new-danger', ['what']],
  // what the building and the outside said
  [`(\\S+): +(\\S* ?)(S\\w+) \\(([^,]*), \\d+\\)`, 'fire', ['room', 'rack', 'stage', 'why']],
  [`(\\S+): control of the site was handed to the fire authority`, 'handed-over', ['room']],
  [`${name}: the points ${name} prove it`, 'points-prove', ['what', 'points']],
  [`${name}: the points ${name} say otherwise now`, 'points-deny', ['what', 'points']],
  ['no deadline: the whole run is planned', 'whole-plan', []],
  [`(\\S+) is served by (\\S+)`, 'served-by', ['group', 'site']],
  [`(\\S+) by (sms|voice|mail|email|board|webhook|messenger)`, 'sent-by', ['who', 'channel']],
  // a site that is silent
  [`(\\S+) is silent: no sign of life and nothing relayed since (\\S+) UTC`, 'silent', ['site', 'at']],
  [`its last word: ${name}`, 'last-word', ['what']],
  ['nothing in its last word says why', 'last-word-calm', []],
  [`of its messenger: ${rest}`, 'its-messenger', ['why*']],
  ['people have to say whether it is lost', 'people-say', []],
  [`(\\S+) is heard again: the question is withdrawn`, 'heard-again', ['site']],
  // organisation
  ['three probes missed', 'missed', []],
  ['account, API and messaging are verified', 'core-verified', []],
  [`${name} fails again`, 'fails-again', ['service']],
  ['nothing left', 'nothing-left', []],
  ['no decision within the time', 'no-decision', []],
  [`motion (\\S+)`, 'by-motion', ['motion']],
  [`motion (\\S+) unanswered: the next in the chair line presides`, 'next-chair', ['motion']],
  [
    `motion (\\S+) unanswered; standing order ${name}, signed by ${name}`,
    'by-order',
    ['motion', 'order', 'who'],
  ],
  [`ratified by motion (\\S+)`, 'ratified', ['motion']],
  ['not ratified', 'not-ratified', []],
  [`not recovered within the expected time of grade ${num}`, 'late', ['grade']],
  ['up again, never down', 'self-cleared', []],
  ['nobody on the ladder has answered', 'ladder', []],
  ['deputies take the empty roles', 'deputies', []],
  ['a core check fails again', 'relapse', []],
  ['five synthetic checks in a row from two places', 'mitigated', []],
  ['every channel was tried', 'all-tried', []],
  ['no channel', 'no-channel', []],
  ['nobody is left to stand in', 'nobody-left', []],
  [`incident:(\\S+)`, 'cause-incident', ['id']],
  [`site:(\\S+)`, 'cause-site', ['site']],
  ['rto', 'cause-rto', []],
  [`(\\S+): signed by ${name}`, 'signed', ['what', 'who']],
  [`approved by ${name}`, 'approved', ['who']],
  [`with ${name}`, 'with', ['who']],
]

/** Every sentence that is known here, with the key of its words. */
export const known = [...motions, ...know('said', sentences)]

/** A sentence of the rules in the reader's words; one that is not known stays as it is. */
export function said(text: string | undefined, t: Translate): string {
  if (!text) return ''
  const told = whole(text, t, known, said) ?? refusal(text, t)
  if (told !== null) return told
  const parts = text.split('; ')
  return parts.length > 1 ? parts.map((p) => said(p, t)).join(' · ') : text
}
