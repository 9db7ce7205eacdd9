// The overview: is the house powered, cool and free of fire, and what needs a person. Each tile
// leads to where more is known.

import { useStore } from 'zustand'
import { prefs } from '../../live/prefs'
import { useConsole } from '../../ui/context'
import { useRooms, useView } from '../../ui/live'
import { Loading } from '../../ui/states'
import { useWords } from '../../ui/text'
import { FeedTile, UpsTile } from './power'
import { FloorTile, InletTile } from './cooling'
import { HottestTile, RoomTile } from './fire'
import { AlarmTile, NewestTile } from './alarm-tiles'
import { LinksTile } from './links'

export default function Overview() {
  useView('overview')
  const { t } = useWords()
  const { plant } = useConsole()
  const rooms = useRooms()
  useStore(prefs, (p) => p.lang)
  if (plant.assets.size === 0) return <Loading rows={6} />
  return (
    <>
      <h1 className="screen-title">{t('nav.overview')}</h1>
      <div className="tiles">
        {plant.ofKind('feed').map((f) => (
          <FeedTile key={f.id} asset={f} />
        ))}
        {plant.ofKind('ups').map((u) => (
          <UpsTile key={u.id} asset={u} />
        ))}
        {[...rooms.values()].map((r) => (
          <RoomTile key={r.id} room={r} />
        ))}
        {rooms.size > 0 && <HottestTile rooms={[...rooms.values()]} />}
        <InletTile />
        <AlarmTile />
        <LinksTile />
        <NewestTile />
        <FloorTile />
      </div>
    </>
  )
}
