// Battery rooms at a glance: stage, gas, people, and the hottest rack.

import { Link as Go } from 'wouter'
import { rank } from '../../live/ladder'
import type { Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { Quantity, Value } from '../../ui/quantity'
import { AirFacts, RateFact, useHottest } from '../../ui/room-facts'
import { StageBand } from '../../ui/stage'
import { Fact, Facts, Tile } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'

export function RoomTile({ room }: { room: Room }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  const pressure = plant.find(room.asset, 'gas-pressure')
  return (
    <Tile
      title={asset(room.asset)}
      to={`/b/${encodeURIComponent(room.id)}`}
      attention={rank(room.stage) >= rank('SP')}
    >
      <StageBand stage={room.stage} />
      <Facts>
        <AirFacts room={room} />
        {pressure && (
          <Fact name={t('room.bank')}>
            <Value id={pressure.id} />
          </Fact>
        )}
      </Facts>
    </Tile>
  )
}

/** Many rooms as lines, the worst first: stage, hottest rack, people. */
export function RoomsTile({ rooms }: { rooms: readonly Room[] }) {
  const { t } = useWords()
  const asset = useAssetName()
  const ordered = [...rooms].sort((a, b) => rank(b.stage) - rank(a.stage))
  return (
    <Tile
      title={t('overview.rooms', { n: rooms.length })}
      to="/b"
      wide
      attention={rooms.some((r) => rank(r.stage) >= rank('SP'))}
    >
      <ul className="room-lines">
        {ordered.map((r) => (
          <li key={r.id} data-stage={rank(r.stage) >= rank('SP') || undefined}>
            <Go href={`/b/${encodeURIComponent(r.id)}`}>{asset(r.asset)}</Go>
            <span>{t(`stage.${r.stage}`)}</span>
            <RoomHottest room={r} />
          </li>
        ))}
      </ul>
    </Tile>
  )
}

function RoomHottest({ room }: { room: Room }) {
  const hot = useHottest([room])
  if (room.racks.length === 0) return <span className="muted">–</span>
  return <Quantity value={hot.top?.value ?? null} quality={hot.quality} unit="degC" />
}

export function HottestTile({ rooms }: { rooms: Room[] }) {
  const { t } = useWords()
  const asset = useAssetName()
  const hot = useHottest(rooms)
  const blind = rooms.flatMap((r) => r.racks).filter((r) => r.hottest === null)
  return (
    <Tile title={t('overview.hottest')} to="/b" attention={(hot.top?.value ?? 0) >= 50 || blind.length > 0}>
      <p className="tile-big">
        <Quantity value={hot.top?.value ?? null} quality={hot.quality} unit="degC" />
        <span className="tile-caption">{hot.top ? asset(hot.top.rack.asset) : ''}</span>
      </p>
      <Facts>
        <RateFact {...hot} />
        <Fact name={t('overview.blind')}>
          {blind.length === 0 ? t('none') : blind.map((r) => r.id).join(', ')}
        </Fact>
      </Facts>
    </Tile>
  )
}
