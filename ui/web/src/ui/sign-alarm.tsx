// What the second person of an act on an alarm must see before signing: the alarm as it stands here, and for how long or
// under which work order it is to fall silent.

import type { CommandRecord } from '../live/types'
import { useConsole } from './context'
import { useAlarmMap } from './live'
import { Value } from './quantity'
import { Fact, Facts } from './tile'
import { useAlarmText, useAssetName, usePointName, useTimes, useWords } from './text'

export function AlarmFactsOf({ record }: { record: CommandRecord }) {
  const { t, tx, span } = useWords()
  const { full } = useTimes()
  const { plant } = useConsole()
  const text = useAlarmText()
  const asset = useAssetName()
  const name = usePointName()
  const id = record.name.slice((record.kind ?? '').length + 1)
  const alarm = useAlarmMap().get(id)
  const seconds = Number(record.args?.seconds ?? 0)
  const point = alarm && plant.points.get(alarm.point)
  return (
    <Facts>
      <Fact name={t('cmd.alarm')}>{alarm ? text(alarm) : id}</Fact>
      <Fact name={t('cmd.alarm-asset')}>{asset(record.asset)}</Fact>
      {alarm && <Fact name={t('cmd.alarm-since')}>{full(alarm.raised)}</Fact>}
      {point && (
        <Fact name={name(point)}>
          <Value id={point.id} />
        </Fact>
      )}
      {alarm && <Fact name={t('cmd.alarm-else')}>{tx(alarm.consequence) || '–'}</Fact>}
      {seconds > 0 && <Fact name={t('cmd.alarm-for')}>{span(seconds)}</Fact>}
      {record.args?.work_order && <Fact name={t('cmd.alarm-order')}>{record.args.work_order}</Fact>}
    </Facts>
  )
}
