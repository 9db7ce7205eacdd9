import { describe, expect, it } from 'vitest'
import { bundled, running, type IsolationSwitch } from './supply'

const sw = (
  id: string,
  kind: string,
  state: IsolationSwitch['state'],
  command?: string,
): IsolationSwitch => ({
  id,
  kind,
  state,
  command,
  asset: id,
  name: { ko: id, en: id },
  quality: 'good',
  place: { ko: '', en: '' },
})

describe('an isolation', () => {
  it('says switches of one sort as one line, and keeps apart what is done differently', () => {
    const open = [
      sw('a', 'string', 'closed', 'x'),
      sw('b', 'string', 'closed', 'x'),
      sw('c', 'string', 'unknown', 'x'),
      sw('d', 'panel', 'closed'),
      sw('e', 'string', 'closed', 'x'),
    ]
    expect(bundled(open).map((g) => g.map((s) => s.id))).toEqual([['a', 'b', 'e'], ['c'], ['d']])
    expect(bundled([])).toEqual([])
  })
})

describe('a clock', () => {
  it('needs eyes while it runs down and when it is empty', () => {
    expect(
      ['holding', 'charging', 'draining', 'exhausted', 'unknown'].map((s) => running(s as 'holding')),
    ).toEqual([false, false, true, true, false])
  })
})
