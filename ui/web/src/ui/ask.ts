// Asks the organisation for something and says its answer as a sentence. What it did is seen in the
// picture alone: nothing here changes what is shown.

import { post, Problem } from '../api/client'
import type { Answer } from '../live/picture'
import { said } from '../live/said'
import { useNames } from './continuity'
import { notify } from './notices'
import { useWords } from './text'

/** The sentence of an answer: done, or waiting for the second person. */
export function useAnswer(): (a: Answer, what: string) => string {
  const { t } = useWords()
  return (a, what) => (a.code === 202 ? t('answer.waiting', { what }) : t('answer.done', { what }))
}

/** The blanks of a sentence that name people, one or several. */
const people: ReadonlySet<string> = new Set(['who', 'a', 'b'])

/** A sentence of the organisation's rules in the reader's words, people by their names. */
export function useSaid(): (text: string | undefined) => string {
  const { t } = useWords()
  const { person } = useNames()
  const named = (values: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(values).map(([k, v]) => [
        k,
        people.has(k) ? v.split(' and ').map(person).join(', ') : v,
      ]),
    )
  return (text) => said(text, (key, values) => t(key, named(values)))
}

export type Ask = (path: string, body: Record<string, unknown>, what: string, key?: string) => Promise<string>

/** Posts a request and gives the sentence of its answer; a refusal is thrown in the reader's words. */
export function useAsk(): Ask {
  const answer = useAnswer()
  const inWords = useSaid()
  return async (path, body, what, key) => {
    try {
      const told = answer(await post<Answer>(path, body, key), what)
      notify(told)
      return told
    } catch (e) {
      if (e instanceof Problem && e.detail) throw new Problem(e.status, e.title, inWords(e.detail))
      throw e
    }
  }
}
