// The stage ladder: rungs from the pre-alarm up to the authority, what each has done, and a pointer
// at the hottest good reading with a second mark where it will be in a minute.

import { height, type Action, type Rung } from '../live/ladder'

export interface LadderWords {
  rung(id: Rung['id']): string
  limit(degC: number): string
  action(name: string): string
  look(a: Action): string
  lit: string
  pointer(degC: number): string
  projected(degC: number): string
}

export interface LadderState {
  /** Lowest first. */
  rungs: readonly Rung[]
  hottest: number | null
  projected: number | null
}

export interface Ladder {
  paint(s: LadderState): void
  destroy(): void
}

const marks: Record<Action['look'], string> = {
  idle: '○',
  commanded: '▸',
  confirmed: '✓',
  mismatch: '≠',
  inhibited: '⊘',
}

function el(tag: string, cls: string, parent?: HTMLElement): HTMLElement {
  const e = document.createElement(tag)
  e.className = cls
  parent?.append(e)
  return e
}

interface DrawnRung {
  row: HTMLElement
  name: HTMLElement
  lit: HTMLElement
  list: HTMLElement
  drawn: string
}

function mountRung(host: HTMLElement): DrawnRung {
  const row = el('li', 'rung')
  // The highest rung stands on top, as on a ladder.
  host.prepend(row)
  const head = el('div', 'rung-head', row)
  const name = el('span', 'rung-name', head)
  const lit = el('span', 'rung-lit', head)
  return { row, name, lit, list: el('ul', 'rung-actions', row), drawn: '' }
}

function paintActions(d: DrawnRung, r: Rung, words: LadderWords): void {
  const names = r.actions.map((a) => a.name).join()
  if (names !== d.drawn) {
    d.list.replaceChildren()
    for (const a of r.actions) {
      const li = el('li', 'rung-action', d.list)
      li.dataset.name = a.name
      el('span', 'rung-mark', li).setAttribute('aria-hidden', 'true')
      el('span', 'rung-word', li)
      el('span', 'rung-state', li)
    }
    d.drawn = names
  }
  r.actions.forEach((a, i) => {
    const li = d.list.children[i] as HTMLElement | undefined
    const [mark, word, state] = li ? [...li.children] : []
    if (!li || !mark || !word || !state) return
    li.dataset.look = a.look
    mark.textContent = marks[a.look]
    word.textContent = words.action(a.name)
    state.textContent = words.look(a)
  })
}

/** Distance from the list's bottom for a temperature, following the rungs' real heights. */
function lift(rows: readonly HTMLElement[], degC: number, foot: number): number {
  const h = height(degC)
  // Below the first limit the pointer climbs the foot; above, rung by rung.
  if (h <= 1) return h * foot
  const rung = Math.min(Math.floor(h) - 1, 3)
  const below = rows.slice(0, rung).reduce((sum, r) => sum + r.offsetHeight, foot)
  return below + (h - 1 - rung) * (rows[rung]?.offsetHeight ?? 0)
}

export function mountLadder(host: HTMLElement, words: LadderWords): Ladder {
  const root = el('div', 'ladder', host)
  const scale = el('div', 'ladder-scale', root)
  scale.setAttribute('aria-hidden', 'true')
  const projected = el('div', 'ladder-mark ladder-projected', scale)
  const pointer = el('div', 'ladder-mark ladder-pointer', scale)
  const body = el('div', 'ladder-body', root)
  const list = el('ol', 'rungs', body)
  list.setAttribute('reversed', '')
  const foot = el('p', 'ladder-foot', body)
  let rungs: DrawnRung[] = []
  const place = (mark: HTMLElement, degC: number | null, word: (c: number) => string) => {
    mark.hidden = degC === null
    if (degC === null) return
    mark.style.bottom = `${lift(
      rungs.map((r) => r.row),
      degC,
      foot.offsetHeight,
    )}px`
    mark.textContent = word(degC)
  }
  return {
    paint(s) {
      if (rungs.length !== s.rungs.length) {
        list.replaceChildren()
        rungs = s.rungs.map(() => mountRung(list))
      }
      s.rungs.forEach((r, i) => {
        const d = rungs[i]
        if (!d) return
        d.row.dataset.lit = r.lit ? '1' : '0'
        d.row.dataset.top = r.top ? '1' : '0'
        d.row.dataset.rung = r.id
        d.name.textContent = [r.limit === null ? '' : words.limit(r.limit), words.rung(r.id)]
          .filter(Boolean)
          .join(' ')
        d.lit.textContent = r.lit ? words.lit : ''
        paintActions(d, r, words)
      })
      place(pointer, s.hottest, words.pointer)
      // A second mark on top of the first would only hide it.
      const apart = s.projected !== null && s.hottest !== null && s.projected - s.hottest >= 1
      place(projected, apart ? s.projected : null, words.projected)
      foot.textContent = s.hottest === null ? '?' : words.pointer(s.hottest)
    },
    destroy() {
      root.remove()
      rungs = []
    },
  }
}
