// The organisation's sentences for screens, people and data centers by their names.

import { brief, type Translate } from '../live/told'
import { useNames } from './continuity'
import { useWords } from './text'

/** The blanks of a sentence that name people, one or several. */
const people: ReadonlySet<string> = new Set(['who', 'a', 'b'])

/** Translates a sentence with the names of those in it. */
export function useNamed(): Translate {
  const { t } = useWords()
  const { person, site } = useNames()
  const name = (k: string, v: string): string => {
    if (people.has(k)) return v.split(' and ').map(person).join(', ')
    return k === 'site' ? site(v) : v
  }
  return (key, values) => t(key, Object.fromEntries(Object.entries(values).map(([k, v]) => [k, name(k, v)])))
}

/** A refusal or a motion of the rules in the reader's words. */
export function useBrief(): (text: string) => string {
  const named = useNamed()
  return (text) => brief(text, named)
}
