// What the second person of an act in a fire room must see before signing: the room as it stands here.

import type { CommandRecord } from '../live/types'
import { useRooms } from './live'
import { AirFacts, RateFact, useHottest } from './room-facts'
import { Quantity } from './quantity'
import { Fact, Facts } from './tile'
import { useWords } from './text'

export function RoomFactsOf({ record }: { record: CommandRecord }) {
  const { t } = useWords()
  const room = useRooms().get(record.name.slice((record.kind ?? '').length + 1))
  const hot = useHottest(room ? [room] : [])
  if (!room) return <p role="status">{t('cmd.unknown')}</p>
  return (
    <Facts>
      <Fact name={t('room.stage')}>{t(`stage.${room.stage}`)}</Fact>
      <Fact name={t('cmd.hottest')}>
        <Quantity value={hot.top?.value ?? null} quality={hot.quality} unit="degC" digits={1} />
      </Fact>
      <RateFact {...hot} />
      <AirFacts room={room} />
    </Facts>
  )
}
