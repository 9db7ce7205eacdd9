// Battery rooms at a glance: stage, gas, people, and the hottest rack.

import { hottest, rank } from '../../live/ladder'
import type { Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useRoomReading, useSilent } from '../../ui/room'
import { Quantity, Value } from '../../ui/quantity'
import { StageBand } from '../../ui/stage'
import { Fact, Facts, Tile } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'

export function RoomTile({ room }: { room: Room }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  const asd = plant.find(room.asset, 'asd-stage')
  const pressure = plant.find(room.asset, 'gas-pressure')
  const lel = useRoomReading(room, 'lel', ['lfl', 'lel'])
  const people = useRoomReading(room, 'occupied', ['occupancy'])
  return (
    <Tile
      title={asset(room.asset)}
      to={`/b/${encodeURIComponent(room.id)}`}
      attention={rank(room.stage) >= rank('SP')}
    >
      <StageBand stage={room.stage} />
      <Facts>
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
        {pressure && (
          <Fact name={t('room.bank')}>
            <Value id={pressure.id} />
          </Fact>
        )}
      </Facts>
    </Tile>
  )
}

export function HottestTile({ rooms }: { rooms: Room[] }) {
  const { t } = useWords()
  const asset = useAssetName()
  const silent = useSilent()
  const all = rooms.flatMap((room) => hottest(room) ?? [])
  const top = all.reduce<(typeof all)[number] | null>((m, h) => (m && m.value >= h.value ? m : h), null)
  const quality = !top ? 'unknown' : rooms.some(silent) ? 'stale' : 'good'
  const blind = rooms.flatMap((r) => r.racks).filter((r) => r.hottest === null)
  return (
    <Tile title={t('overview.hottest')} to="/b" attention={(top?.value ?? 0) >= 50 || blind.length > 0}>
      <p className="tile-big">
        <Quantity value={top?.value ?? null} quality={quality} unit="degC" />
        <span className="tile-caption">{top ? asset(top.rack.asset) : ''}</span>
      </p>
      <Facts>
        <Fact name={t('room.rate')}>
          <Quantity
            value={top?.rack.rate_per_min ?? null}
            quality={top?.rack.rate_per_min == null ? 'unknown' : quality}
            unit="degC/min"
          />
        </Fact>
        <Fact name={t('overview.blind')}>
          {blind.length === 0 ? t('none') : blind.map((r) => r.id).join(', ')}
        </Fact>
      </Facts>
    </Tile>
  )
}
