// The battery rooms of the site, each with what decides which one to look at: its stage, its hottest rack
// and its open alarms.

import { useMemo } from 'react'
import { isOpen } from '../../live/order'
import { hottest, rank } from '../../live/ladder'
import type { Alarm, Room } from '../../live/types'
import { Glyph } from '../../ui/glyph'
import { useAlarmMap } from '../../ui/live'
import { Quantity } from '../../ui/quantity'
import { useSilent } from '../../ui/room'
import { useAssetName, useWords } from '../../ui/text'

interface PickerProps {
  rooms: readonly Room[]
  shown: string
  choose(id: string): void
}

export function RoomPicker({ rooms, shown, choose }: PickerProps) {
  const { t } = useWords()
  const alarms = useAlarmMap()
  const assets = rooms.map((r) => r.asset).join('\n')
  // Readings come each second, alarms seldom: a flood is counted once.
  const mine = useMemo(() => rooms.map((r) => alarmsOf(r, alarms.values())), [assets, alarms])
  return (
    <div className="room-picker" role="group" aria-label={t('room.choose')}>
      {rooms.map((r, i) => (
        <RoomButton
          key={r.id}
          room={r}
          alarms={mine[i] ?? []}
          pressed={r.id === shown}
          choose={() => choose(r.id)}
        />
      ))}
    </div>
  )
}

/** The open alarms on a room or what stands in it. */
export function alarmsOf(room: Room, alarms: Iterable<Alarm>): Alarm[] {
  return [...alarms].filter(
    (a) => isOpen(a) && (a.asset === room.asset || a.asset.startsWith(`${room.asset}/`)),
  )
}

interface RoomButtonProps {
  room: Room
  alarms: readonly Alarm[]
  pressed: boolean
  choose(): void
}

function RoomButton({ room, alarms, pressed, choose }: RoomButtonProps) {
  const { t } = useWords()
  const asset = useAssetName()
  const silent = useSilent()(room)
  const hot = hottest(room)
  const urgent = Math.min(5, ...alarms.map((a) => a.priority))
  return (
    <button
      type="button"
      className="room-pick"
      aria-pressed={pressed}
      data-stage={rank(room.stage) >= rank('SP') || undefined}
      title={asset(room.asset)}
      onClick={choose}
    >
      <strong>{room.id}</strong>
      <span className="room-pick-stage">{t(`stage.${room.stage}`)}</span>
      {room.racks.length > 0 && (
        <Quantity
          value={hot?.value ?? null}
          quality={!hot ? 'unknown' : silent ? 'stale' : 'good'}
          unit="degC"
        />
      )}
      {alarms.length > 0 && (
        <span className="room-pick-alarms">
          <Glyph priority={urgent} state="acknowledged" silent />
          <span className="sr">{t('room.alarms')} </span>
          {alarms.length}
        </span>
      )}
    </button>
  )
}
