// The room's head line: stage in words, hottest reading and how fast it rises, gas, people.

import type { Room } from '../../live/types'
import { Quantity } from '../../ui/quantity'
import { useSilent } from '../../ui/room'
import { AirFacts, RateFact, useHottest } from '../../ui/room-facts'
import { StageBand } from '../../ui/stage'
import { Fact, Facts } from '../../ui/tile'
import { useAssetName, useWords } from '../../ui/text'

export function RoomHeader({ room }: { room: Room }) {
  const { t } = useWords()
  const asset = useAssetName()
  const hot = useHottest([room])
  return (
    <div className="room-head panel">
      <h1>{asset(room.asset)}</h1>
      <StageBand stage={room.stage} />
      {room.drill && <span className="chip drill">{t('drill')}</span>}
      {room.stale && <span className="chip">{t('room.stale')}</span>}
      <Facts>
        <Fact name={t('overview.hottest')}>
          <Quantity value={hot.top?.value ?? null} quality={hot.quality} unit="degC" />
          {hot.top && <span className="muted"> {hot.top.rack.id}</span>}
        </Fact>
        <RateFact {...hot} />
        <AirFacts room={room} />
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
