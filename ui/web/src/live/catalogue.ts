// Fetches of the plant what screens ask for, in as few questions as a moment's asking allows. Each thing
// is asked for once; what the site does not have is not asked for again.

import { Plant, type Wants } from './plant'
import type { Asset, Point } from './types'

/** All pages of a list. */
export type Ask = <T>(path: string) => Promise<T[]>

type Sort = keyof Wants

/** Questions are gathered this long, so that one screen's many leaves make one question. */
const gather = 15
/** Ids in one question: an address has its bounds. */
const most = 150
/** After a question that was not answered. */
const again = 3000

const paths: Record<Sort, string> = {
  asset: 'assets?ids=',
  point: 'points?ids=',
  pointsOf: 'points?assets=',
  kind: 'assets?kinds=',
}

export class Catalogue {
  plant: Plant
  private assets = new Map<string, Asset>()
  private points = new Map<string, Point>()
  private asked = new Map<Sort, Set<string>>()
  private waiting = new Map<Sort, Set<string>>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private listeners = new Set<() => void>()

  constructor(private ask: Ask) {
    this.plant = this.make()
  }

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => void this.listeners.delete(f)
  }

  /** The site may be another one: everything known is asked for anew, and shown until the answer is here. */
  renew(): void {
    for (const [sort, ids] of this.asked) for (const id of ids) this.queue(sort, id)
  }

  private make(): Plant {
    const want =
      (sort: Sort) =>
      (id: string): void => {
        if (!this.asked.get(sort)?.has(id)) this.queue(sort, id)
      }
    return new Plant([...this.assets.values()], [...this.points.values()], {
      asset: want('asset'),
      point: want('point'),
      pointsOf: want('pointsOf'),
      kind: want('kind'),
    })
  }

  private queue(sort: Sort, id: string): void {
    add(this.asked, sort, id)
    add(this.waiting, sort, id)
    this.timer ??= setTimeout(() => void this.flush(), gather)
  }

  private async flush(): Promise<void> {
    const waiting = this.waiting
    this.waiting = new Map()
    const questions = [...waiting].flatMap(([sort, ids]) => parts([...ids]).map((part) => ({ sort, part })))
    await Promise.all(questions.map(({ sort, part }) => this.fetch(sort, part)))
    this.timer = undefined
    this.plant = this.make()
    for (const f of this.listeners) f()
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => void this.flush(), gather)
  }

  private async fetch(sort: Sort, ids: readonly string[]): Promise<void> {
    const path = paths[sort] + ids.map(encodeURIComponent).join(',')
    try {
      if (sort === 'asset' || sort === 'kind')
        for (const a of await this.ask<Asset>(path)) this.assets.set(a.id, a)
      else for (const p of await this.ask<Point>(path)) this.points.set(p.id, p)
    } catch {
      // The stream's banner says that the server is gone; the question is repeated until it is back.
      setTimeout(() => ids.forEach((id) => this.queue(sort, id)), again)
    }
  }
}

function add(to: Map<Sort, Set<string>>, sort: Sort, id: string): void {
  const set = to.get(sort) ?? new Set()
  to.set(sort, set.add(id))
}

function parts(ids: readonly string[]): string[][] {
  const out: string[][] = []
  for (let i = 0; i < ids.length; i += most) out.push(ids.slice(i, i + most))
  return out
}
