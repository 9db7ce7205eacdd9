// What jsdom lacks and the drawings need: a canvas that takes everything and draws nothing, an
// observer of sizes that sees none, and a screen that matches no query.

import { cleanup } from '@testing-library/react'
import { afterEach, vi } from 'vitest'

class Path {
  moveTo(): void {}
  lineTo(): void {}
  rect(): void {}
  arc(): void {}
  closePath(): void {}
  addPath(): void {}
}

const context: object = new Proxy(
  {},
  {
    get: (_target, name) => (name === 'measureText' ? () => ({ width: 10 }) : () => undefined),
    set: () => true,
  },
)

HTMLCanvasElement.prototype.getContext = (() => context) as never
vi.stubGlobal('Path2D', Path)
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  },
)
vi.stubGlobal('matchMedia', (media: string) => ({
  media,
  matches: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}))

afterEach(cleanup)
