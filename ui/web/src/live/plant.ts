// What stands where: assets by kind and the points each asset has, found by the last word of their
// id. Screens ask for meanings ("the room's drain tank"), never for a site's own ids. A plant knows only
// what was asked for so far: what it does not know it asks for, and the next plant knows it.

import type { Asset, Point } from './types'

/** What a plant did not know. */
export interface Wants {
  asset(id: string): void
  point(id: string): void
  /** The points of an asset. */
  pointsOf(asset: string): void
  kind(kind: string): void
}

/** Asking for a key it lacks is what makes it come. */
class Known<T> extends Map<string, T> {
  constructor(
    entries: Iterable<[string, T]>,
    private missing: (id: string) => void,
  ) {
    super()
    for (const [id, v] of entries) this.set(id, v)
  }

  override get(id: string): T | undefined {
    const v = super.get(id)
    if (v === undefined && id) this.missing(id)
    return v
  }

  override has(id: string): boolean {
    return this.get(id) !== undefined
  }
}

const nothing: Wants = {
  asset: () => undefined,
  point: () => undefined,
  pointsOf: () => undefined,
  kind: () => undefined,
}

export class Plant {
  readonly points: ReadonlyMap<string, Point>
  readonly assets: ReadonlyMap<string, Asset>
  private byAsset = new Map<string, Point[]>()

  constructor(
    assets: readonly Asset[],
    points: readonly Point[],
    private wants: Wants = nothing,
  ) {
    this.assets = new Known(
      assets.map((a) => [a.id, a]),
      (id) => wants.asset(id),
    )
    this.points = new Known(
      points.map((p) => [p.id, p]),
      (id) => wants.point(id),
    )
    for (const p of points) {
      const list = this.byAsset.get(p.asset)
      if (list) list.push(p)
      else this.byAsset.set(p.asset, [p])
    }
  }

  ofKind(kind: string): Asset[] {
    this.wants.kind(kind)
    return [...this.assets.values()].filter((a) => a.kind === kind)
  }

  pointsOf(asset: string): readonly Point[] {
    this.wants.pointsOf(asset)
    return this.byAsset.get(asset) ?? []
  }

  /** The asset's point whose id ends in one of these words; earlier words are preferred. */
  find(asset: string, ...words: string[]): Point | undefined {
    const mine = this.pointsOf(asset)
    for (const w of words) {
      const p = mine.find((q) => q.id.endsWith(`/${w}`))
      if (p) return p
    }
    return undefined
  }
}

/** Carries no plant: what a screen sees until the site's description is here. */
export const noPlant = new Plant([], [])
