// A tile: a heading, what matters most in large type, and the facts beside it.

import { useId, type ReactNode } from 'react'
import { Link as Go } from 'wouter'

export interface TileProps {
  title: string
  to?: string
  wide?: boolean
  /** One column, and two where there are four. */
  half?: boolean
  /** As wide as the screen. */
  full?: boolean
  /** Something here needs a person: the edge gets a mark. */
  attention?: boolean
  children: ReactNode
}

export function Tile({ title, to, wide, half, full, attention, children }: TileProps) {
  const id = useId()
  return (
    <section
      className={`tile panel${full ? ' full' : wide ? ' wide' : half ? ' half' : ''}`}
      aria-labelledby={id}
      data-attention={attention || undefined}
    >
      <h2 id={id}>{to ? <Go href={to}>{title}</Go> : title}</h2>
      {children}
    </section>
  )
}

export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A wide table that scrolls sideways on its own, reachable by keyboard. */
export function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll-x" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  )
}
