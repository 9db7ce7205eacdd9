// What a battery room is told by wherever it is shown: its hottest rack and how fast that rises, the
// gas, the smoke and the people in it.

import { hottest } from '../live/ladder'
import type { Quality, Rack, Room } from '../live/types'
import { useConsole } from './context'
import { Quantity, Value } from './quantity'
import { useRoomReading, useSilent } from './room'
import { useWords } from './text'
import { Fact } from './tile'

export interface Hottest {
  top: { rack: Rack; value: number } | null
  quality: Quality
}

/** The hottest good reading of some rooms; stale when one of them is silent. */
export function useHottest(rooms: readonly Room[]): Hottest {
  const silent = useSilent()
  const all = rooms.flatMap((room) => hottest(room) ?? [])
  const top = all.reduce<Hottest['top']>((m, h) => (m && m.value >= h.value ? m : h), null)
  return { top, quality: !top ? 'unknown' : rooms.some(silent) ? 'stale' : 'good' }
}

export function RateFact({ top, quality }: Hottest) {
  const { t } = useWords()
  const rate = top?.rack.rate_per_min ?? null
  return (
    <Fact name={t('room.rate')}>
      <Quantity value={rate} quality={rate === null ? 'unknown' : quality} unit="degC/min" />
    </Fact>
  )
}

/** Gas, smoke and people: what decides whether one may go in. */
export function AirFacts({ room }: { room: Room }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asd = plant.find(room.asset, 'asd-stage')
  const lel = useRoomReading(room, 'lel', ['lfl', 'lel'])
  const people = useRoomReading(room, 'occupied', ['occupancy'])
  return (
    <>
      <Fact name={t('room.lfl')}>
        <Quantity {...lel} unit="%" digits={0} />
      </Fact>
      {asd && (
        <Fact name={t('room.asd')}>
          <Value id={asd.id} />
        </Fact>
      )}
      <Fact name={t('room.people')}>
        <Quantity {...people} digits={0} />
      </Fact>
    </>
  )
}
