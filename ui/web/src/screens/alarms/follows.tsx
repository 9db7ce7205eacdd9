// What follows from a cause, folded under its row: how much, how much of it nobody has seen, and which was first.

import { useMemo, useState } from 'react'
import { foldCauses, type Flood, type Folded, type Folding } from '../../live/flood'
import type { Alarm } from '../../live/types'
import { useAlarmMap } from '../../ui/live'
import { useAlarmText, useTimes, useWords } from '../../ui/text'

export interface Follows extends Folding {
  /** Another key lets the rows move. */
  key: string
  toggle: (cause: string) => void
}

/** The alarms of a list with what follows from them folded away, but for the causes that a person opened. */
export function useFollows(listed: Alarm[], flood: Flood | undefined): Follows {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const folding = useMemo(() => foldCauses(listed, flood, opened), [listed, flood, opened])
  const toggle = (cause: string) =>
    setOpened((was) => {
      const next = new Set(was)
      if (!next.delete(cause)) next.add(cause)
      return next
    })
  return { ...folding, key: [...opened].join(' '), toggle }
}

export interface FoldProps {
  folded: Folded
  toggle: () => void
}

export function Fold({ folded: f, toggle }: FoldProps) {
  const { t } = useWords()
  const { clock } = useTimes()
  const text = useAlarmText()
  const first = useAlarmMap().get(f.first)
  const began =
    first && t('alarm.follows-first', { text: text(first), at: clock(first.source ?? first.raised) })
  const words = [t('alarm.follows-n', { n: f.n, unacked: f.unacked }), began].filter(Boolean).join(' · ')
  return (
    <button
      type="button"
      className="fold"
      aria-expanded={f.open}
      aria-label={words}
      title={words}
      onClick={toggle}
    >
      <span aria-hidden>{f.open ? '▾' : '▸'}</span> {t('alarm.follows', { n: f.n })}
      {f.unacked > 0 && (
        <span className="fold-unacked"> · {t('alarm.follows-unacked', { n: f.unacked })}</span>
      )}
    </button>
  )
}
