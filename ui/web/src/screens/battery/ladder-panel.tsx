// The stage ladder, with its words.

import { useCallback, useEffect } from 'react'
import { mountLadder, type LadderWords } from '../../draw/ladder'
import { number } from '../../live/format'
import type { Rung } from '../../live/ladder'
import type { Rack } from '../../live/types'
import { useDrawing } from '../../ui/draw'
import { useWords } from '../../ui/text'
import '../../style/ladder.css'

export function LadderPanel({ rungs, rack }: { rungs: Rung[]; rack: Rack | undefined }) {
  const { t } = useWords()
  const mount = useCallback(
    (host: HTMLDivElement) => {
      const words: LadderWords = {
        rung: (id) => t(`rung.${id}`),
        limit: (c) => `${c} ℃`,
        action: (n) => t(`fire.${n}`, { defaultValue: n }),
        look: (a) =>
          a.seconds === null
            ? t(`command.${a.look}`)
            : t('command.waiting', { state: t(`command.${a.look}`), s: a.seconds }),
        lit: t('rung.lit'),
        pointer: (c) => `${number(c)} ℃`,
        projected: (c) => t('rung.projected', { value: `${number(c)} ℃` }),
      }
      return mountLadder(host, words)
    },
    [t],
  )
  const [host, drawing] = useDrawing(mount)
  useEffect(() => {
    const hottest = rack?.hottest ?? null
    const rate = rack?.rate_per_min ?? null
    const projected = hottest !== null && rate !== null && rate > 0 ? hottest + rate : null
    drawing.current?.paint({ rungs, hottest, projected })
  }, [rungs, rack, drawing, mount])
  return <div ref={host} />
}
