// The room's head line: stage in words, hottest reading and how fast it rises, gas, people.

import { hottest } from '../../live/ladder'
import type { Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useRoomReading, useSilent } from '../../ui/room'
import { Quantity, Value } from '../../ui/quantity'
import { StageBand } from '../../ui/stage'
import { Fact, Facts } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'

export function RoomHeader({ room }: { room: Room }) {
  const { t } = useWords()
  const { plant } = useConsole()
  const asset = useAssetName()
  const top = hottest(room)
  const lel = useRoomReading(room, 'lel', ['lfl', 'lel'])
  const people = useRoomReading(room, 'occupied', ['occupancy'])
  const asd = plant.find(room.asset, 'asd-stage')
  const silent = useSilent()(room)
  const quality = top ? (silent ? 'stale' : 'good') : 'unknown'
  return (
    <div className="room-head panel">
      <h1>{asset(room.asset)}</h1>
      <StageBand stage={room.stage} />
      {room.drill && <span className="chip drill">{t('drill')}</span>}
      {room.stale && <span className="chip">{t('room.stale')}</span>}
      <Facts>
        <Fact name={t('overview.hottest')}>
          <Quantity value={top?.value ?? null} quality={quality} unit="degC" />
          {top && <span className="muted"> {top.rack.id}</span>}
        </Fact>
        <Fact name={t('room.rate')}>
          <Quantity
            value={top?.rack.rate_per_min ?? null}
            quality={top?.rack.rate_per_min == null ? 'unknown' : quality}
            unit="degC/min"
          />
        </Fact>
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
        <Fact name={t('room.mode')}>{t(`mode.${room.mode}`, { defaultValue: room.mode })}</Fact>
        <Fact name={t('room.control')}>
          {room.control === 'authority' ? t('control.authority') : t('control.automatic')}
        </Fact>
      </Facts>
    </div>
  )
}

/** Seconds to the release of gas, or why the countdown stands still. */
export function Countdown({ room }: { room: Room }) {
  const { t } = useWords()
  const silent = useSilent()(room)
  if (room.countdown_s === null) return null
  const holds = room.holds ?? []
  return (
    <div className="countdown" role="status" data-held={holds.length > 0 || undefined}>
      <span className="countdown-word">{t('countdown.title')}</span>
      <span className="countdown-figure">
        {silent ? '?' : Math.max(0, Math.ceil(room.countdown_s))}
        <span className="q-unit">{t('seconds')}</span>
      </span>
      {silent && <span>{t('countdown.stale')}</span>}
      {holds.length > 0 && (
        <span>
          {t('countdown.held')}: {holds.map((h) => t(`hold.${h}`, { defaultValue: h })).join(', ')}
        </span>
      )}
    </div>
  )
}
