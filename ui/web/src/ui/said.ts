// Any sentence of the organisation's rules, in the reader's words.

import { said } from '../live/said'
import { useNamed } from './told'

export function useSaid(): (text: string | undefined) => string {
  const named = useNamed()
  return (text) => said(text, named)
}
