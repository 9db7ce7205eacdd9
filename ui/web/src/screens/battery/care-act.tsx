// The dialog of an act beside the response, and the box one of its subjects stands in.

import { lazy, Suspense, useState, type ReactNode } from 'react'
import { post, segment } from '../../api/client'
import type { Right } from '../../live/rights'
import type { Room } from '../../live/types'
import { Act } from '../../ui/act'
import { useConsole } from '../../ui/context'
import type { DangerProps } from '../../ui/danger'
import { useWords } from '../../ui/text'

const Danger = lazy(() => import('../../ui/danger').then((m) => ({ default: m.Danger })))

export type CarePlan = Pick<DangerProps, 'fields'> & {
  right: Right
  call: string
  title: string
  means: string
  body: (v: Record<string, string>) => Record<string, unknown>
  /** Takes two people: the room's id is typed and the password asked for. */
  two?: boolean
}

/** A button that opens the dialog of one of these acts. */
export function CareAct({
  room,
  plan,
  off,
  label,
}: {
  room: Room
  plan: CarePlan
  off?: string
  label?: string
}) {
  const { t } = useWords()
  const { wall } = useConsole()
  const [open, setOpen] = useState(false)
  if (wall) return null
  const path = `fire/rooms/${segment(room.id)}/${plan.call}`
  return (
    <>
      <Act
        right={plan.right}
        off={room.stale ? t('off.stale') : off}
        label={label}
        onAct={() => setOpen(true)}
      >
        {plan.title}
      </Act>
      {open && (
        <Suspense>
          <Danger
            right={plan.right}
            title={label ?? plan.title}
            asset={room.id}
            plain={!plan.two}
            consequences={plan.means ? plan.means.split('\n') : []}
            fields={plan.fields}
            confirmWord={plan.title}
            submit={(v, proof, key) =>
              post(path, plan.two ? { ...plan.body(v), ...proof } : plan.body(v), key)
            }
            close={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  )
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="care-part">
      <h3>{title}</h3>
      {children}
    </div>
  )
}
