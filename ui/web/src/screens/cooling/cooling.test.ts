import { describe, expect, it } from 'vitest'
import type { Point, Quality } from '../../live/types'
import { stands, told } from './loop'

const point = (value: number | null, quality: Quality): Point =>
  ({ id: 'x/running', name: 'x', asset: 'x', unit: '', value, quality, reason: '', time: null }) as Point

describe('a machine on the loop', () => {
  it('runs or stands only by a good reading', () => {
    expect(stands(point(1, 'good'), false)).toBe('on')
    expect(stands(point(0, 'good'), false)).toBe('off')
    for (const q of ['stale', 'bad', 'unknown', 'uncertain'] as const)
      expect(stands(point(1, q), false)).toBe('unknown')
    expect(stands(point(1, 'good'), true)).toBe('unknown')
    expect(stands(undefined, false)).toBe('unknown')
  })

  it('never shows a figure nobody vouches for as one', () => {
    expect(told(undefined, false)).toBe('?')
    expect(told(point(null, 'good'), false)).toBe('?')
    expect(told(point(10, 'bad'), false)).toBe('— ✕')
    expect(told(point(10, 'stale'), false)).toContain('⌛')
    expect(told(point(10, 'good'), true)).toContain('⌛')
    expect(told(point(10.04, 'good'), false)).toBe('10.0')
  })
})
