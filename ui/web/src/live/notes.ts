// What people wrote beside an alarm. The record carries the newest few; older ones are in the journal.

import type { Alarm, AlarmNote } from './types'

/** Characters that a note may have: of a Korean text that many syllables. */
export const noteLongest = 500

/** How a note is sent: its syllables put together, so that each counts once whatever keyboard wrote them. */
export const noteText = (text: string): string => text.normalize('NFC').trim()

export const noteLength = (text: string): number => [...noteText(text)].length

/** Why a note cannot be sent as it is: a word of the list, empty when it can. */
export function noteFault(text: string): '' | 'off.note' | 'off.note-long' {
  const n = noteLength(text)
  return n === 0 ? 'off.note' : n > noteLongest ? 'off.note-long' : ''
}

/** The notes of the alarm's present occurrence. */
export const notesNow = (a: Alarm): AlarmNote[] =>
  (a.notes ?? []).filter((n) => n.occurrence === a.occurrence)

/** How many notes stand before those that the record carries. */
export const notesBefore = (a: Alarm): number => (a.notes?.[0]?.n ?? 1) - 1
