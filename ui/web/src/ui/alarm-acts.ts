// What a person does to alarms. Each call carries its own key; a doubled press is one act.

import { post, segment } from '../api/client'
import type { Alarm } from '../live/types'

type Verb = 'ack' | 'reset' | 'shelve' | 'unshelve' | 'out-of-service' | 'in-service'

function act(alarm: Alarm, verb: Verb, body: Record<string, unknown>): Promise<unknown> {
  // The revision in the key: pressing twice is one act, acting on the next occurrence is another.
  const key = `${verb}-${alarm.id}-${alarm.occurrence}-${alarm.revision}`
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

export interface Second {
  user: string
  password: string
}

/** The reason is the compensating measure; fire and safety take a second person. */
export const takeOut = (a: Alarm, order: string, reason: string, second?: Second) =>
  act(a, 'out-of-service', { work_order: order, reason, ...(second ? { second } : {}) })
export const takeBack = (a: Alarm, test: string) => act(a, 'in-service', { function_test: test })
