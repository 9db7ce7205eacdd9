// A button that asks the organisation for something: at once, or through a dialog where words or a
// typed name are needed first.

import { lazy, Suspense, useState, type ReactNode } from 'react'
import { Act } from './act'
import { useAsk } from './ask'
import type { DangerProps } from './danger'
import { useWords } from './text'

// The dialog's code is large and rarely needed; it comes with the idle load, not with the first.
const Danger = lazy(() => import('./danger').then((m) => ({ default: m.Danger })))

export interface Plan extends Partial<Pick<DangerProps, 'asset' | 'fields' | 'facts' | 'comment' | 'plain'>> {
  title: string
  path: string
  /** What will happen, one sentence a line. */
  means?: string
  /** The body made of what was entered. */
  body?: (values: Record<string, string>) => Record<string, unknown>
  /** Asked without a dialog: it says something or can be taken back. */
  direct?: boolean
}

export interface AskButtonProps {
  plan: Plan
  off?: string
  quiet?: boolean
  label?: string
  children?: ReactNode
}

export function AskButton({ plan, off, quiet, label, children }: AskButtonProps) {
  const ask = useAsk()
  const [open, setOpen] = useState(false)
  const risky = !plan.plain && !plan.direct
  const press = () => (plan.direct ? ask(plan.path, plan.body?.({}) ?? {}, plan.title) : setOpen(true))
  return (
    <>
      <Act right="ask" off={off} danger={risky} quiet={quiet} label={label} onAct={press}>
        {children ?? plan.title}
      </Act>
      {open && <Asking plan={plan} close={() => setOpen(false)} />}
    </>
  )
}

export function Asking({ plan, close }: { plan: Plan; close: () => void }) {
  const ask = useAsk()
  const { t } = useWords()
  return (
    <Suspense>
      <Danger
        right="ask"
        title={plan.title}
        asset={plan.asset ?? ''}
        plain={plan.plain ?? false}
        consequences={plan.means?.split('\n') ?? []}
        facts={plan.facts}
        comment={plan.comment}
        fields={plan.fields}
        confirmWord={plan.plain ? t('ask.send') : plan.title}
        submit={(values, _second, key) =>
          ask(plan.path, plan.body ? plan.body(values) : trimmed(values), plan.title, key)
        }
        close={close}
      />
    </Suspense>
  )
}

/** What was entered, without the fields that were left empty. */
export function trimmed(values: Record<string, string>): Record<string, string> {
  const filled = Object.entries(values).flatMap(([k, v]): [string, string][] =>
    v.trim() ? [[k, v.trim()]] : [],
  )
  return Object.fromEntries(filled)
}
