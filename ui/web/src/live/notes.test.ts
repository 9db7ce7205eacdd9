import { expect, it } from 'vitest'
import { noteFault, noteLength, notesBefore, notesNow } from './notes'
import type { Alarm } from './types'

const noted = (occurrence: number, notes: [n: number, occurrence: number][]): Alarm =>
  ({
    id: 'a',
    occurrence,
    notes: notes.map(([n, of]) => ({
      n,
      occurrence: of,
      act: `${n}`,
      at: '',
      by: 'kim',
      revision: n,
      text: 'x',
    })),
  }) as unknown as Alarm

it('counts syllables, however they were typed', () => {
  expect(noteLength('펌프 절체')).toBe(5)
  expect(noteLength('펌프 절체'.normalize('NFD'))).toBe(5)
  expect(noteLength('  확인 👍 ')).toBe(4)
})

it('refuses what the server would refuse', () => {
  expect(noteFault(' \n ')).toBe('off.note')
  expect(noteFault('가'.repeat(500))).toBe('')
  expect(noteFault('가'.repeat(501))).toBe('off.note-long')
})

it('counts on the row what was written since the alarm began', () => {
  const a = noted(3, [
    [4, 2],
    [5, 3],
    [6, 3],
  ])
  expect(notesNow(a).map((n) => n.n)).toEqual([5, 6])
  expect(notesBefore(a)).toBe(3)
  expect(notesNow(noted(1, []))).toEqual([])
  expect(notesBefore({ id: 'b', occurrence: 1 } as Alarm)).toBe(0)
})
