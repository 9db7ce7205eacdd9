// The alarm glyph: shape, letter and colour say the priority; fill and pulse say the state.

import { isUnacked } from '../live/order'
import type { Alarm, AlarmState } from '../live/types'
import { useWords } from './text'
import '../style/glyph.css'

const shapes: Record<number, string> = {
  1: 'M2 2h20v20H2z',
  2: 'M12 1.5 23 21.5H1z',
  3: 'M12 1 23 12 12 23 1 12z',
  4: 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21z',
}

const labelY: Record<number, number> = { 1: 17.2, 2: 19, 3: 17, 4: 17 }

type Fill = 'filled' | 'outline' | 'grey'

function fill(state: AlarmState): Fill {
  if (state === 'returned-unacknowledged') return 'outline'
  if (state === 'shelved' || state === 'suppressed' || state === 'out-of-service' || state === 'normal')
    return 'grey'
  return 'filled'
}

export interface GlyphProps {
  priority: number
  state?: AlarmState
  /** Hidden from screen readers where the words stand beside it. */
  silent?: boolean
}

export function Glyph({ priority, state = 'acknowledged', silent }: GlyphProps) {
  const { t } = useWords()
  const pulsing = isUnacked({ state } as Alarm)
  const name = t('alarm.glyph', { priority: t(`priority.${priority}`), state: t(`alarm.state.${state}`) })
  return (
    <svg
      className="glyph"
      viewBox="0 0 24 24"
      data-priority={priority}
      data-fill={fill(state)}
      data-pulse={pulsing || undefined}
      role={silent ? undefined : 'img'}
      aria-hidden={silent || undefined}
      aria-label={silent ? undefined : name}
    >
      <path className="glyph-shape" d={shapes[priority] ?? shapes[4]} />
      {pulsing && <path className="glyph-double" d={shapes[priority] ?? shapes[4]} />}
      <text x="12" y={labelY[priority] ?? 17} textAnchor="middle">
        {priority}
      </text>
      {state === 'shelved' && <path className="glyph-extra" d="M12 6v6l4 3" />}
      {state === 'suppressed' && <path className="glyph-extra" d="M3 21 21 3" />}
    </svg>
  )
}
