import { describe, expect, it } from 'vitest'
import type { Picture, Play, Playbook, Step, StepRun, Waiting } from './picture'
import { dueAt, owns, phases, progress, verbs } from './plays'
import { secondCall, secondOff } from './requests'

const step = (id: string, after: string[] = [], over: Partial<Step> = {}): Step => ({
  id,
  title: { ko: id, en: id },
  owner: 'infra',
  deputy: 'oncall',
  depends_on: after,
  do: { kind: 'exec' },
  timeout: 60e9,
  ...over,
})

const run = (state: StepRun['state'], over: Partial<StepRun> = {}): StepRun => ({
  id: 'x',
  state,
  epoch: 1,
  attempt: 1,
  level: 0,
  ...over,
})

const shape = (...steps: Step[]) =>
  phases({ steps } as unknown as Playbook).map((branches) =>
    branches.map((b) => b.map((s) => s.id).join('>')),
  )

describe('branches', () => {
  it('of the fire playbook stand side by side until the move joins them', () => {
    expect(
      shape(
        step('tell'),
        step('call-in'),
        step('freeze'),
        step('traffic', ['freeze']),
        step('declare'),
        step('move', ['freeze', 'declare']),
        step('status', ['move']),
        step('aftermath', ['call-in', 'move']),
      ),
    ).toEqual([['tell', 'call-in', 'freeze>traffic', 'declare'], ['move>status>aftermath']])
  })

  it.each<[string, Step[], string[][]]>([
    ['one line', [step('a'), step('b', ['a']), step('c', ['b'])], [['a>b>c']]],
    ['a fork stays one branch', [step('a'), step('b', ['a']), step('c', ['a'])], [['a>b>c']]],
    [
      'a diamond stays one branch',
      [step('a'), step('b', ['a']), step('c', ['a']), step('d', ['b', 'c'])],
      [['a>b>c>d']],
    ],
    ['written backwards', [step('b', ['a']), step('a')], [['a>b']]],
    ['none', [], []],
  ])('%s', (_name, steps, want) => expect(shape(...steps)).toEqual(want))

  it('show every step exactly once, even in a circle', () => {
    const all = shape(step('a', ['b']), step('b', ['a']), step('c'))
      .flat()
      .join('>')
      .split('>')
      .sort()
    expect(all).toEqual(['a', 'b', 'c'])
  })
})

describe('a step', () => {
  it.each<[string, Step, StepRun, string[]]>([
    ['that waits for others can be skipped', step('a'), run('PENDING'), ['skip']],
    [
      'by machine that needs a person',
      step('a'),
      run('WAIT_HUMAN'),
      ['release', 'attest', 'skip', 'give-up'],
    ],
    [
      'by people',
      step('a', [], { do: { kind: 'manual' } }),
      run('WAIT_HUMAN'),
      ['attest', 'skip', 'give-up'],
    ],
    [
      'by people at its hold point',
      step('a', [], { do: { kind: 'manual' }, hold: 'go?' }),
      run('WAIT_HUMAN'),
      ['release', 'attest', 'skip', 'give-up'],
    ],
    [
      'by people that was let through',
      step('a', [], { do: { kind: 'vote' }, hold: 'go?' }),
      run('WAIT_HUMAN', { released: 'x' }),
      ['attest', 'skip', 'give-up'],
    ],
    [
      'that is done and can be taken back',
      step('a', [], { undo: { kind: 'exec' } }),
      run('DONE'),
      ['compensate'],
    ],
    ['that is done for good', step('a'), run('DONE'), []],
    ['of unknown outcome waits for its probe', step('a'), run('UNKNOWN'), []],
  ])('%s', (_name, s, r, want) => expect(verbs(s, r)).toEqual(want))

  it('is due a timeout after it began, and only while it runs', () => {
    const since = '2026-03-02T05:00:00Z'
    expect(dueAt(step('a'), run('RUNNING', { since }))).toBe(Date.parse('2026-03-02T05:01:00Z'))
    expect(dueAt(step('a'), run('DONE', { since }))).toBeNull()
    expect(dueAt(step('a'), run('PENDING'))).toBeNull()
  })

  it('belongs to its team, its deputy and the control tower', () => {
    const p = {
      teams: [{ id: 'infra', lead: 'lead', deputy: 'second' }],
      people: [
        { id: 'boss', roles: ['tower'] },
        { id: 'pr', roles: [] },
      ],
    } as unknown as Picture
    const may = ['lead', 'second', 'oncall', 'boss', 'pr', 'admin'].filter((x) => owns(p, step('a'), x))
    expect(may).toEqual(['lead', 'second', 'oncall', 'boss'])
  })

  it('counts as progress when done, skipped or taken back', () => {
    const play = {
      playbook: { steps: ['a', 'b', 'c', 'd'].map((id) => step(id)) },
      steps: { a: run('DONE'), b: run('SKIPPED'), c: run('FAILED') },
    } as unknown as Play
    expect(progress(play)).toEqual({ done: 2, of: 4 })
  })
})

describe('a second signature', () => {
  const waiting = (over: Partial<Waiting>): Waiting => ({
    id: 'r1',
    kind: 'failover.override',
    subject: 'talk',
    by: [{ person: 'lead', station: 's1' }],
    args: { reason: 'loss accepted' },
    ...over,
  })

  it.each<[Partial<Waiting>, unknown]>([
    [{}, { path: 'failover/talk/override', body: { reason: 'loss accepted' } }],
    [
      { kind: 'org.start', subject: '', args: null },
      { path: 'bcp/start', body: {} },
    ],
    [
      { kind: 'incident.lower', subject: 'i/1', args: {} },
      { path: 'incidents/i%2F1/lower', body: {} },
    ],
    [
      { kind: 'play.start', subject: 'fire', args: {} },
      { path: 'runs', body: { playbook: 'fire' } },
    ],
    [{ kind: 'comet.land' }, null],
  ])('agrees to exactly what was signed: %o', (over, want) => expect(secondCall(waiting(over))).toEqual(want))

  it('is somebody else at another station', () => {
    expect(secondOff(waiting({}), 'lead', 's2')).toBe('self')
    expect(secondOff(waiting({}), 'tower', 's1')).toBe('station')
    expect(secondOff(waiting({}), 'tower', 's2')).toBe('')
    expect(secondOff(waiting({ kind: 'comet.land' }), 'tower', 's2')).toBe('unknown')
  })
})
