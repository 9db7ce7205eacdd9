// What stands where: assets by kind and the points each asset has, found by the last word of their
// id. Screens ask for meanings ("the room's drain tank"), never for a site's own ids.

import type { Asset, Point } from './types'

export class Plant {
  readonly points: ReadonlyMap<string, Point>
  readonly assets: ReadonlyMap<string, Asset>
  private byAsset = new Map<string, Point[]>()

  constructor(assets: readonly Asset[], points: readonly Point[]) {
    this.assets = new Map(assets.map((a) => [a.id, a]))
    this.points = new Map(points.map((p) => [p.id, p]))
    for (const p of points) {
      const list = this.byAsset.get(p.asset)
      if (list) list.push(p)
      else this.byAsset.set(p.asset, [p])
    }
  }

  ofKind(kind: string): Asset[] {
    return [...this.assets.values()].filter((a) => a.kind === kind)
  }

  pointsOf(asset: string): readonly Point[] {
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

  /** The points of all assets of a kind whose id ends in the word. */
  all(kind: string, word: string): Point[] {
    return this.ofKind(kind).flatMap((a) => this.find(a.id, word) ?? [])
  }

  /** The inlet points of an IT rack, hottest place first as racks usually are: top, middle, bottom. */
  inlets(rack: string): Point[] {
    return ['inlet-top', 'inlet-middle', 'inlet-bottom'].flatMap((w) => this.find(rack, w) ?? [])
  }
}

/** Carries no plant: what a screen sees until the site's description is here. */
export const noPlant = new Plant([], [])
