// A room's own figures: from the point where the site has one (with its quality), or from the
// engine's record.

import type { Reading } from '../live/store'
import type { Room } from '../live/types'
import { useConsole } from './context'
import { useReading } from './live'

export function useRoomReading(room: Room, field: 'lel' | 'occupied', words: string[]): Reading {
  const { plant } = useConsole()
  const point = plant.find(room.asset, ...words)
  const reading = useReading(point?.id)
  if (point) return reading
  const value = room[field]
  const quality = value === null ? 'unknown' : room.stale ? 'stale' : 'good'
  return { value, quality, reason: '', time: 0 }
}
