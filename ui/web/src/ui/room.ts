// A room's own figures: from the point where the site has one (with its quality), or from the
// engine's record.

import type { Reading } from '../live/store'
import type { Room } from '../live/types'
import { useConsole } from './context'
import { useConnection, useReading } from './live'

/** Whether what the engine last said of a room can still be taken for now. */
export function useSilent(): (room: Room) => boolean {
  const connection = useConnection()
  return (room) => room.stale === true || connection === 'lost'
}

export function useRoomReading(room: Room, field: 'lel' | 'occupied', words: string[]): Reading {
  const { plant } = useConsole()
  const point = plant.find(room.asset, ...words)
  const reading = useReading(point?.id)
  const silent = useSilent()
  if (point) return reading
  const value = room[field]
  const quality = value === null ? 'unknown' : silent(room) ? 'stale' : 'good'
  return { value, quality, reason: '', time: 0 }
}
