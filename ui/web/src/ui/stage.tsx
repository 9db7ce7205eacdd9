// A fire stage as a worded band with pips: never an alarm glyph, never colour alone.

import { grade } from '../live/ladder'
import type { Stage } from '../live/types'
import { useWords } from './text'

export function StageBand({ stage }: { stage: Stage }) {
  const { t } = useWords()
  const g = grade(stage)
  return (
    <p className="stage" data-grade={g.grade}>
      <span className="stage-code">{stage}</span>
      <span className="stage-word">{t(`stage.${stage}`)}</span>
      {g.pips > 0 && (
        <>
          <span className="stage-grade">{t(`grade.${g.grade}`)}</span>
          <span className="stage-pips" aria-hidden>
            {'●'.repeat(g.pips)}
            {'○'.repeat(4 - g.pips)}
          </span>
        </>
      )}
    </p>
  )
}
