// What somebody has asked to be done to an alarm and waits for the second person: said on its row and in its drawer.

import { Link as Go } from 'wouter'
import { askedOf, left, running, signBlock, waits } from '../../live/orders'
import { stopwatch } from '../../live/format'
import type { Alarm, CommandRecord } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useCommands, useNow } from '../../ui/live'
import { useTimes, useWords } from '../../ui/text'

/** The request for one act on one alarm that waits now. */
export function useAsked(alarm: Alarm, verb: string): CommandRecord | undefined {
  const now = useNow()
  return askedOf(useCommands(), alarm.id, now).find((r) => r.kind === `alarm.${verb}`)
}

/** The ids of the alarms that somebody asked to silence. */
export function useAskedIds(): ReadonlySet<string> {
  const now = useNow()
  const open = running(useCommands()).filter((r) => waits(r) && left(r, now) > 0)
  return new Set(
    open.filter((r) => r.kind?.startsWith('alarm.')).map((r) => r.name.slice(r.name.indexOf(' ') + 1)),
  )
}

export function Asked({ alarm }: { alarm: Alarm }) {
  const now = useNow()
  const open = askedOf(useCommands(), alarm.id, now)
  return (
    <>
      {open.map((r) => (
        <One key={r.id} record={r} now={now} />
      ))}
    </>
  )
}

function One({ record: r, now }: { record: CommandRecord; now: number }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const { session } = useConsole()
  return (
    <div className="drawer-asked" role="status">
      <strong>{t(`alarm.asked-${(r.kind ?? '').slice('alarm.'.length)}`)}</strong>
      <span>{t('alarm.asked-by', { who: r.by, at: clock(r.requested), time: stopwatch(left(r, now)) })}</span>
      {r.reason && <span>{r.reason}</span>}
      <Go className="button" href={`/c/${r.id}`}>
        {t(signBlock(r, session) ? 'order-strip.see' : 'order-strip.sign')}
      </Go>
    </div>
  )
}
