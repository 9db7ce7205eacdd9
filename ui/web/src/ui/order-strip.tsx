// What people have ordered and is not over, on every screen: a second person has a minute, and whoever sees that
// something is wrong can stop it from where they are.

import { Link as Go } from 'wouter'
import { post, segment } from '../api/client'
import { left, running, signBlock, verbOf, waits } from '../live/orders'
import { stopwatch } from '../live/format'
import type { CommandRecord } from '../live/types'
import { useTell } from './act'
import { useConsole } from './context'
import { useCommands, useNow } from './live'
import { useWords } from './text'

const shown = 3

export function OrderStrip() {
  const now = useNow()
  const open = running(useCommands()).filter((r) => !waits(r) || left(r, now) > 0)
  if (open.length === 0) return null
  return (
    <>
      {open.slice(0, shown).map((r) => (
        <One key={r.id} record={r} />
      ))}
    </>
  )
}

function One({ record: r }: { record: CommandRecord }) {
  const { t } = useWords()
  const { session, wall } = useConsole()
  const tell = useTell()
  const now = useNow()
  const name = r.kind ? t(`order-kind.${verbOf(r.kind)}`) + r.name.slice(r.kind.length) : r.command
  const abort = () => void post(`commands/${segment(r.id)}/cancel`, {}).catch(tell)
  return (
    <div className="banner order-strip" data-kind="quorum" role="status">
      <strong>{waits(r) ? t('order-strip.waits') : t('order-strip.runs')}</strong>
      <span>{t('order-strip.what', { what: name, who: r.by })}</span>
      {waits(r) && <span className="order-left">{stopwatch(left(r, now))}</span>}
      {!wall && (
        <span className="order-strip-acts">
          <Go className="button" href={`/c/${r.id}`}>
            {waits(r) && !signBlock(r, session) ? t('order-strip.sign') : t('order-strip.see')}
          </Go>
          <button type="button" className="button" onClick={abort}>
            {t('order-strip.abort')}
          </button>
        </span>
      )}
    </div>
  )
}
