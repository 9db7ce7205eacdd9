// Bridges from the live store to leaf components. Each renders only the leaf that uses it.

import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'
import { sorted } from '../live/order'
import { never, type Connection, type Reading, type Topic } from '../live/store'
import { tallied, type Tally } from '../live/tally'
import type { Alarm, CommandRecord, Entry, Heartbeat, Link, Room } from '../live/types'
import type { View } from '../live/view'
import { useConsole } from './context'
import { now, onSecond } from './second'

export function useReading(id: string | undefined): Reading {
  const { store } = useConsole()
  const subscribe = useCallback((f: () => void) => (id ? store.onPoint(id, f) : () => undefined), [store, id])
  return useSyncExternalStore(subscribe, () => (id ? store.reading(id) : never))
}

/** The readings of several points; renders when any of them changes, at most once a frame. */
export function useReadings(ids: readonly string[]): Reading[] {
  const { store } = useConsole()
  const key = ids.join('\n')
  const cache = useMemo(() => ({ readings: [] as Reading[] }), [])
  const subscribe = useCallback(
    (f: () => void) => {
      const ends = key ? key.split('\n').map((id) => store.onPoint(id, f)) : []
      return () => ends.forEach((end) => end())
    },
    [store, key],
  )
  return useSyncExternalStore(subscribe, () => {
    const next = ids.map((id) => store.reading(id))
    const same = next.length === cache.readings.length && next.every((r, i) => r === cache.readings[i])
    if (!same) cache.readings = next
    return cache.readings
  })
}

function useTopic<T>(topic: Topic, select: () => T): T {
  const { store } = useConsole()
  return useSyncExternalStore(
    useCallback((f: () => void) => store.on(topic, f), [store, topic]),
    select,
  )
}

export function useAlarmMap(): ReadonlyMap<string, Alarm> {
  const { store } = useConsole()
  return useTopic('alarms', () => store.alarms)
}

/** How many alarms are in each state, of all there are, also while only the first are here. */
export function useTally(): readonly Tally[] {
  const early = useEarlyTally()
  const map = useAlarmMap()
  return useMemo(() => early ?? tallied(map.values()), [early, map])
}

/** What the server counted, until every alarm is here. */
export function useEarlyTally(): readonly Tally[] | null {
  const { store } = useConsole()
  return useTopic('alarms', () => store.tally)
}

/** All known alarms in the order of the list. */
export function useAlarms(): Alarm[] {
  const map = useAlarmMap()
  return useMemo(() => sorted(map.values()), [map])
}

export function useRooms(): ReadonlyMap<string, Room> {
  const { store } = useConsole()
  return useTopic('rooms', () => store.rooms)
}

export function useCommands(): readonly CommandRecord[] {
  const { store } = useConsole()
  return useTopic('cmds', () => store.commands)
}

export function useLinks(): readonly Link[] {
  const { store } = useConsole()
  return useTopic('links', () => store.links)
}

export function useEntries(): readonly Entry[] {
  const { store } = useConsole()
  return useTopic('entries', () => store.entries)
}

export function useHeartbeat(): Heartbeat | null {
  const { store } = useConsole()
  return useTopic('hb', () => store.hb)
}

export function useConnection(): Connection {
  const { store } = useConsole()
  return useTopic('connection', () => store.connection)
}

/** Server time in ms, renewed each second. */
export function useNow(): number {
  return useSyncExternalStore(onSecond, now)
}

/** Another number each minute, for what grows old slowly. */
export function useMinute(): number {
  return useSyncExternalStore(onSecond, () => Math.floor(now() / 60_000))
}

/** Shows this view's stream while the screen is mounted. */
export function useView(view: View): void {
  const { stream } = useConsole()
  useEffect(() => stream.show(view), [stream, view])
}
