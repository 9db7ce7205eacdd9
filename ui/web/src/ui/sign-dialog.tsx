// The second person's dialog: what somebody else asked for, the readings as they stand at this station, the tag to
// type, and the seconds that are left.

import { useState } from 'react'
import { newKey, post, segment } from '../api/client'
import { ended, left, signBlock, toType, verbOf, waits } from '../live/orders'
import { stopwatch } from '../live/format'
import type { CommandRecord } from '../live/types'
import { problemText, useOff } from './act'
import { useConsole } from './context'
import { useCommands, useNow } from './live'
import { Facts, Sheet, useOrder } from './order-dialog'
import { Abort, Progress } from './order-parts'
import { AlarmFactsOf } from './sign-alarm'
import { RoomFactsOf } from './sign-room'
import { useTimes, useWords } from './text'

export function SignDialog({ record: first, close }: { record: CommandRecord; close: () => void }) {
  const { t } = useWords()
  const record = useCommands().find((c) => c.id === first.id) ?? first
  const what = record.kind ? t(`cmd.kind-${verbOf(record.kind)}`) : record.command
  return (
    <Sheet title={t('cmd.sign-title', { what })} close={close}>
      <Asked record={record} />
      <Facing record={record} />
      {waits(record) ? <Sign record={record} close={close} /> : <Over record={record} close={close} />}
    </Sheet>
  )
}

/** What the act is done to, as it stands at this station. */
function Facing({ record }: { record: CommandRecord }) {
  if (!record.kind) return <LiveOrder id={record.command} />
  return record.kind.startsWith('alarm.') ? <AlarmFactsOf record={record} /> : <RoomFactsOf record={record} />
}

function LiveOrder({ id }: { id: string }) {
  const { t } = useWords()
  const { data, isError } = useOrder(id)
  if (!data) return <p role="status">{t(isError ? 'cmd.unknown' : 'cmd.loading')}</p>
  return <Facts order={data} stale={isError} />
}

function Asked({ record }: { record: CommandRecord }) {
  const { t } = useWords()
  const { clock } = useTimes()
  return (
    <dl className="order-facts">
      <dt>{t('cmd.first')}</dt>
      <dd>{t('cmd.first-at', { who: record.by, at: clock(record.requested) })}</dd>
      <dt>{t('reason')}</dt>
      <dd>{record.reason || '–'}</dd>
      {record.value !== undefined && (
        <>
          <dt>{t('cmd.target')}</dt>
          <dd>{record.value}</dd>
        </>
      )}
    </dl>
  )
}

function Sign({ record, close }: { record: CommandRecord; close: () => void }) {
  const { t } = useWords()
  const { session } = useConsole()
  const [typed, setTyped] = useState('')
  const [key] = useState(newKey)
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const now = useNow()
  const tag = toType(record)
  const block = signBlock(record, session)
  const off = useOff()
  const why =
    off || (block && t(`cmd.block-${block}`)) || (typed !== tag ? t('danger.type', { asset: tag }) : '')
  const sign = async () => {
    if (why || busy) return
    setBusy(true)
    setFault('')
    try {
      await post(`commands/${segment(record.id)}/sign`, { confirm: typed }, key)
    } catch (e) {
      setFault(problemText(e, t))
    }
    setBusy(false)
  }
  return (
    <div className="dialog-form">
      {!block && (
        <label>
          <span>{t('danger.type', { asset: tag })}</span>
          <input
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onKeyDown={(e) => e.key === 'Enter' && e.preventDefault()}
            onChange={(e) => setTyped(e.target.value)}
          />
        </label>
      )}
      <p className="login-fault" role="alert">
        {fault}
      </p>
      <p className="order-left">{t('cmd.left', { time: stopwatch(left(record, now)) })}</p>
      <p className="muted" id="order-why">
        {why || t('cmd.sign-means')}
      </p>
      <div className="dialog-buttons">
        <button type="button" className="button" autoFocus onClick={close}>
          {t('close')}
        </button>
        <Abort record={record} />
        <button
          type="button"
          className="button danger"
          aria-disabled={why ? true : undefined}
          aria-describedby="order-why"
          aria-busy={busy || undefined}
          onKeyDown={(e) => e.key === 'Enter' && e.preventDefault()}
          onClick={() => void sign()}
        >
          {t('cmd.sign')}
        </button>
      </div>
    </div>
  )
}

function Over({ record, close }: { record: CommandRecord; close: () => void }) {
  const { t } = useWords()
  return (
    <>
      <Progress record={record} />
      <div className="dialog-buttons">
        <button type="button" className="button" autoFocus onClick={close}>
          {t('close')}
        </button>
        {!ended(record) && <Abort record={record} />}
      </div>
    </>
  )
}
