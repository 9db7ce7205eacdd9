// Asks the organisation for something and says its answer as a sentence. What it did is seen in the
// picture alone: nothing here changes what is shown.

import { post, Problem } from '../api/client'
import type { Answer } from '../live/picture'
import { useBrief } from './told'
import { notify } from './notices'
import { useWords } from './text'

/** The sentence of an answer: done, or waiting for the second person. */
export function useAnswer(): (a: Answer, what: string) => string {
  const { t } = useWords()
  return (a, what) => (a.code === 202 ? t('answer.waiting', { what }) : t('answer.done', { what }))
}

export type Ask = (path: string, body: Record<string, unknown>, what: string, key?: string) => Promise<string>

/** Posts a request and gives the sentence of its answer; a refusal is thrown in the reader's words. */
export function useAsk(): Ask {
  const answer = useAnswer()
  const inWords = useBrief()
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
