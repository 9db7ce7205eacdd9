// The battery room: how far the fire response has come, what each rack shows, what was commanded
// and what the field confirms.

import { useEffect, useState } from 'react'
import { useLocation, useParams } from 'wouter'
import { ladder, worstRack } from '../../live/ladder'
import type { Rack, Room } from '../../live/types'
import { useConsole } from '../../ui/context'
import { useNow, useRooms, useView } from '../../ui/live'
import { Empty, Loading } from '../../ui/states'
import { useConnection } from '../../ui/live'
import { TrendPanel } from '../../ui/trend-panel'
import { useAssetName, useWords } from '../../ui/text'
import { Actuators } from './actuators'
import { CarePanel } from './care-panel'
import { Channels } from './channels'
import { Countdown, RoomHeader } from './header'
import { HeatPanel } from './heat-panel'
import { IsolationPanel } from './isolation-panel'
import { LadderPanel } from './ladder-panel'
import { RoomActs } from './room-acts'
import { RoomPicker } from './picker'
import { Store } from './store-panel'
import '../../style/room.css'
import '../../style/equipment.css'

export default function Battery() {
  const { site } = useConsole()
  const { room: wanted } = useParams<{ room?: string }>()
  const known = site.rooms
  const shown = known?.includes(wanted ?? '') ? wanted : known?.[0]
  useView(shown ? `battery&room=${encodeURIComponent(shown)}` : 'battery')
  const { t } = useWords()
  const rooms = useRooms()
  const connection = useConnection()
  const [, go] = useLocation()
  const all = [...rooms.values()]
  const room = all.find((r) => r.id === shown) ?? all[0]
  if (!room) {
    if (connection === 'connecting') return <Loading rows={8} />
    return <Empty title={t('room.none')}>{t('room.none-next')}</Empty>
  }
  return (
    <>
      {all.length > 1 && (
        <RoomPicker rooms={all} shown={room.id} choose={(id) => go(`/b/${encodeURIComponent(id)}`)} />
      )}
      <RoomView key={room.id} room={room} />
    </>
  )
}

// The temperatures of the first three stages, drawn as lines.
const limits = [60, 68, 80].map((value) => ({ value, label: `${value} ℃` }))

function RoomView({ room }: { room: Room }) {
  const { t } = useWords()
  const asset = useAssetName()
  const now = useNow()
  const [rack, select] = useSelected(room)
  return (
    <div className="room">
      <RoomHeader room={room} />
      <Countdown room={room} />
      <div className="room-grid">
        <section className="panel area-heat" aria-labelledby="heat-h">
          <h2 id="heat-h">{t('room.heat')}</h2>
          <HeatPanel room={room} selected={rack?.id ?? ''} select={select} />
        </section>
        {rack && (
          <section className="panel area-channels" aria-labelledby="channels-h">
            <h2 id="channels-h">{t('room.channels', { rack: asset(rack.asset) })}</h2>
            <Channels room={room} rack={rack} />
          </section>
        )}
        <section className="panel area-ladder" aria-labelledby="ladder-h">
          <h2 id="ladder-h">{t('room.ladder', { rack: rack?.id ?? '' })}</h2>
          <LadderPanel rungs={ladder(room, rack, now)} rack={rack} />
        </section>
        {rack && (
          <section className="panel area-trend" aria-labelledby="trend-h">
            <h2 id="trend-h">{t('room.trend', { rack: rack.id })}</h2>
            <TrendPanel
              key={rack.id}
              points={['RT', 'BM', 'TC'].flatMap((c) => rack.channels[c]?.point ?? [])}
              names={['RT', 'BM', 'TC'].filter((c) => rack.channels[c]).map((c) => t(`channel.${c}`))}
              limits={limits}
              floor={[15, 90]}
              unit="degC"
              height={220}
            />
          </section>
        )}
        <section className="panel area-acts" aria-labelledby="acts-h">
          <h2 id="acts-h">{t('room.actuators', { rack: rack?.id ?? '' })}</h2>
          <Actuators room={room} rack={rack} />
        </section>
        <Store room={room} />
        <IsolationPanel room={room} rack={rack} />
        <RoomActs room={room} rack={rack} />
        <CarePanel room={room} />
      </div>
    </div>
  )
}

/** The selected rack; until a person chooses, the one that needs eyes first. */
function useSelected(room: Room): [Rack | undefined, (id: string) => void] {
  const [chosen, choose] = useState('')
  const [worst, setWorst] = useState(() => worstRack(room)?.id ?? '')
  const now = worstRack(room)
  // Readings wobble by tenths: the eye moves to another rack only when a stage says so.
  const urgent = now && now.stage !== 'S0' && now.stage !== 'unknown' ? now.id : ''
  useEffect(() => {
    if (urgent) setWorst(urgent)
  }, [urgent])
  const id = chosen || worst
  return [room.racks.find((r) => r.id === id) ?? room.racks[0], choose]
}
