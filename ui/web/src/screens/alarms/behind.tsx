// Alarms that stand behind another one: what masks a row, and how many a row masks.

import { useMemo } from 'react'
import type { Alarm } from '../../live/types'
import { useAlarmMap } from '../../ui/live'
import { useAlarmText, useWords } from '../../ui/text'

/** How many alarms stand behind each, by its id. */
export function useBehind(): ReadonlyMap<string, number> {
  const all = useAlarmMap()
  return useMemo(() => {
    const n = new Map<string, number>()
    for (const a of all.values())
      if (a.parent && a.state === 'suppressed') n.set(a.parent, (n.get(a.parent) ?? 0) + 1)
    return n
  }, [all])
}

function useParentText(id: string): string {
  const parent = useAlarmMap().get(id)
  const text = useAlarmText()
  return parent ? text(parent) : id
}

/** What hides a row's alarm: the one it stands behind, or its design. */
export function HiddenBy({ alarm: a }: { alarm: Alarm }) {
  const { t, tx } = useWords()
  const parent = useParentText(a.parent ?? '')
  return (
    <span className="muted">
      {a.parent && ` · ${t('alarm.behind', { text: parent })}`}
      {a.design && ` · ${t('alarm.design', { why: tx(a.design) })}`}
    </span>
  )
}

/** How many stand behind a row. */
export function BehindIt({ n }: { n: number }) {
  const { t } = useWords()
  return n > 0 ? <span className="chip">{t('alarm.behind-it', { n })}</span> : null
}

/** The alarm that masks one, to be opened. */
export function Parent({ id, open }: { id: string; open: (id: string) => void }) {
  const words = useParentText(id)
  return (
    <button type="button" className="link-button" onClick={() => open(id)}>
      {words}
    </button>
  )
}
