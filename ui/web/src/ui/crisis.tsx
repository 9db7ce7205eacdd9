// The crisis grade of the organisation as a worded band with pips: never colour alone.

import { crisis } from '../live/crisis'
import type { Picture } from '../live/picture'
import { useWords } from './text'

export function CrisisBand({ picture }: { picture: Picture }) {
  const { t } = useWords()
  const c = crisis(picture)
  return (
    <span className="stage crisis" data-grade={c.grade}>
      <span className="stage-word">{t(`grade.${c.grade}`)}</span>
      {c.pips > 0 && (
        <span className="stage-pips" aria-hidden>
          {'●'.repeat(c.pips)}
          {'○'.repeat(4 - c.pips)}
        </span>
      )}
    </span>
  )
}
