// Any sentence of the organisation's rules, in the reader's words.

import { said } from '../live/said'
import { useWords } from './text'
import { useNamed } from './told'

export function useSaid(): (text: string | undefined) => string {
  const { t } = useWords()
  const named = useNamed()
  return (text) =>
    said(text, (key, values) =>
      named(
        key,
        values.act ? { ...values, act: t(`effect.${values.act}`, { defaultValue: values.act }) } : values,
      ),
    )
}
