// What a person does to alarms. Each call carries its own key; a doubled press is one act.

import { newKey, post, segment } from '../api/client'
import { noteText } from '../live/notes'
import { takesTwo } from '../live/order'
import type { Alarm } from '../live/types'

type Verb = 'ack' | 'reset' | 'shelve' | 'unshelve' | 'out-of-service' | 'in-service'

function act(alarm: Alarm, verb: Verb, body: Record<string, unknown>): Promise<unknown> {
  // The revision in the key: pressing twice is one act, acting on the next occurrence is another. A request that
  // waits leaves the alarm's revision as it was, and may be made again once it has expired.
  const key = takesTwo(alarm, verb) ? newKey() : `${verb}-${alarm.id}-${alarm.occurrence}-${alarm.revision}`
  return post(`alarms/${segment(alarm.id)}/${verb}`, body, key)
}

export async function acknowledge(alarms: readonly Alarm[], reason = ''): Promise<void> {
  const done = await Promise.allSettled(alarms.map((a) => act(a, 'ack', { reason })))
  const refused = done.find((d) => d.status === 'rejected')
  if (refused) throw refused.reason
}

export const reset = (a: Alarm, reason: string) => act(a, 'reset', { reason })
export const shelve = (a: Alarm, seconds: number, reason: string) => act(a, 'shelve', { seconds, reason })
export const unshelve = (a: Alarm, reason: string) => act(a, 'unshelve', { reason })

/** The reason is the compensating measure. */
export const takeOut = (a: Alarm, order: string, reason: string) =>
  act(a, 'out-of-service', { work_order: order, reason })
export const takeBack = (a: Alarm, test: string) => act(a, 'in-service', { function_test: test })

/** A note beside an alarm; the key is the caller's, so that a press without an answer can be repeated. */
export const note = (a: Alarm, text: string, key: string) =>
  post(`alarms/${segment(a.id)}/notes`, { text: noteText(text) }, key)
