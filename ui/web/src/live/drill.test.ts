import { expect, it } from 'vitest'
import { hear } from './drill'
import type { Drilled } from './types'

const at = '2026-03-02T05:00:00.000Z'
const alarm = (key: string, priority: number) => ({ key, priority, since: at, text: { ko: key, en: key } })
const drill = (...alarms: ReturnType<typeof alarm>[]): Drilled => ({
  room: 'B1',
  by: 'safety',
  until: at,
  stage: 'S1',
  alarms,
})

it('says nothing of what stood before the page was opened', () => {
  const first = hear([drill(alarm('STAGE1:R3', 1))], null)
  expect([first.alarm, first.turn]).toEqual([undefined, undefined])
  const again = hear([drill(alarm('STAGE1:R3', 1))], first.heard)
  expect([again.alarm, again.turn]).toEqual([undefined, undefined])
})

it('says the beginning, each new alarm once with the most urgent first, and the end', () => {
  const calm = hear([], null)
  const began = hear([drill()], calm.heard)
  expect(began.turn).toBe('began')
  const two = hear([drill(alarm('STAGE1:R3', 1), alarm('PREALARM:R3', 2))], began.heard)
  expect([two.alarm?.key, two.turn]).toEqual(['STAGE1:R3', undefined])
  expect(hear([drill(alarm('STAGE1:R3', 1), alarm('PREALARM:R3', 2))], two.heard).alarm).toBeUndefined()
  expect(hear([drill(alarm('STAGE1:R3', 1), alarm('FB_FAIL:R3', 1))], two.heard).alarm?.key).toBe(
    'FB_FAIL:R3',
  )
  const over = hear([], two.heard)
  expect(over.turn).toBe('ended')
  expect(hear([], over.heard).turn).toBeUndefined()
})
