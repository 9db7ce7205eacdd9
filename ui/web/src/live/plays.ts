// A playbook as people see it run: branches that go side by side, who owns a step, when it is due.

import type { Picture, Play, Playbook, Step, StepRun, StepState } from './picture'
import { millis } from './store'

const ns = 1_000_000

/** Steps that need each other, in the order they can be done. */
export type Branch = Step[]

/** The steps of a list that hang together once the given ones are taken for done. */
function components(steps: readonly Step[], done: ReadonlySet<string>): Branch[] {
  const left = new Map(steps.map((s) => [s.id, s]))
  const links = new Map<string, Set<string>>(steps.map((s) => [s.id, new Set()]))
  for (const s of steps)
    for (const d of s.depends_on ?? []) {
      if (done.has(d) || !left.has(d)) continue
      links.get(s.id)?.add(d)
      links.get(d)?.add(s.id)
    }
  const out: Branch[] = []
  for (const s of steps) {
    if (!left.has(s.id)) continue
    const found = new Set<string>()
    const walk = (id: string): void => {
      if (found.has(id)) return
      found.add(id)
      left.delete(id)
      links.get(id)?.forEach(walk)
    }
    walk(s.id)
    out.push(steps.filter((x) => found.has(x.id)))
  }
  return out
}

/**
 * The phases of a playbook: in each, branches that need nothing of one another. A step that waits for
 * two of them begins the next phase, and what waits for that step follows it there.
 */
export function phases(book: Playbook): Branch[][] {
  const out: Branch[][] = []
  const done = new Set<string>()
  let rest = ordered(book.steps)
  while (rest.length > 0) {
    const later = new Set<string>()
    for (const s of rest) {
      const open = (s.depends_on ?? []).filter((d) => !done.has(d))
      // A step that would join two branches of this phase waits for the next one, as does all behind it.
      if (open.some((d) => later.has(d)) || joins(rest, open, done, later)) later.add(s.id)
    }
    const now = rest.filter((s) => !later.has(s.id))
    out.push(components(now, done))
    now.forEach((s) => done.add(s.id))
    rest = rest.filter((s) => later.has(s.id))
  }
  return out
}

function joins(
  rest: readonly Step[],
  open: readonly string[],
  done: ReadonlySet<string>,
  later: ReadonlySet<string>,
): boolean {
  if (open.length < 2) return false
  const branches = components(
    rest.filter((s) => !later.has(s.id) && (s.depends_on ?? []).filter((d) => !done.has(d)).length < 2),
    done,
  )
  const of = (id: string) => branches.findIndex((b) => b.some((s) => s.id === id))
  return new Set(open.map(of)).size > 1
}

/** Each step after what it depends on, otherwise as written. A circle, which no checked playbook has,
 * keeps its order. */
function ordered(steps: readonly Step[]): Step[] {
  const out: Step[] = []
  const left = [...steps]
  while (left.length > 0) {
    const ready = left.findIndex((s) => !(s.depends_on ?? []).some((d) => left.some((o) => o.id === d)))
    out.push(...left.splice(Math.max(0, ready), 1))
  }
  return out
}

const finished: ReadonlySet<StepState> = new Set(['DONE', 'SKIPPED', 'COMPENSATED'])

export const stepRun = (play: Play, id: string): StepRun =>
  play.steps[id] ?? { id, state: 'PENDING', epoch: 0, attempt: 0, level: 0 }

/** Steps done or passed over, of all. */
export function progress(play: Play): { done: number; of: number } {
  const done = play.playbook.steps.filter((s) => finished.has(stepRun(play, s.id).state)).length
  return { done, of: play.playbook.steps.length }
}

const ticking: ReadonlySet<StepState> = new Set([
  'READY',
  'INTENT',
  'RUNNING',
  'VERIFYING',
  'WAIT_HUMAN',
  'COMPENSATING',
])

/** When a step under way is due, ms; null while it does not run. */
export function dueAt(step: Step, run: StepRun): number | null {
  const from = millis(run.since)
  return ticking.has(run.state) && from > 0 && step.timeout > 0 ? from + step.timeout / ns : null
}

export type StepVerb = 'release' | 'attest' | 'skip' | 'give-up' | 'compensate'

const human: ReadonlySet<string> = new Set(['manual', 'vote'])

/** What people can do to a step in its state. */
export function verbs(step: Step, run: StepRun): StepVerb[] {
  switch (run.state) {
    case 'PENDING':
      return ['skip']
    case 'WAIT_HUMAN': {
      // What people do themselves is let through once, at its hold point; then it takes their evidence.
      const again = human.has(step.do.kind) ? Boolean(step.hold) && !run.released : true
      return again ? ['release', 'attest', 'skip', 'give-up'] : ['attest', 'skip', 'give-up']
    }
    case 'DONE':
    case 'FAILED':
      return step.undo ? ['compensate'] : []
    default:
      return []
  }
}

/** Whether a person owns the step, stands in for its owner, or is in the line of the control tower. */
export function owns(p: Picture, step: Step, person: string): boolean {
  const team = p.teams.find((x) => x.id === step.owner)
  const tower = p.people.find((x) => x.id === person)?.roles.includes('tower') ?? false
  return tower || step.deputy === person || (team !== undefined && [team.lead, team.deputy].includes(person))
}

/** The plays to show with an incident: those of its call or site that run, else the newest ones. */
export function shownPlays(p: Picture): Play[] {
  const now = p.plays.filter((x) => x.call === p.org.call)
  return now.length > 0 ? now : p.plays.filter((x) => x.state === 'RUNNING')
}
