// The fields of a dialog. A field's value is a text; a list of work is one as JSON.

import { useState } from 'react'
import type { Action } from '../live/picture'
import { usePicture } from './continuity'
import { useWords } from './text'

export interface Field {
  name: string
  label: string
  kind: 'text' | 'area' | 'check' | 'choice' | 'number' | 'clock' | 'work'
  required?: boolean
  options?: { value: string; label: string }[]
  initial?: string
  /** Only asked for while another field has this value. */
  when?: { field: string; is: string }
}

export interface FieldProps {
  field: Field
  value: string
  set: (v: string) => void
}

export function FieldInput({ field, value, set }: FieldProps) {
  switch (field.kind) {
    case 'check':
      return (
        <label className="check">
          <input
            type="checkbox"
            checked={value === 'yes'}
            onChange={(e) => set(e.target.checked ? 'yes' : '')}
          />
          <span>{field.label}</span>
        </label>
      )
    case 'choice':
      return (
        <label>
          <span>{field.label}</span>
          <select value={value} onChange={(e) => set(e.target.value)}>
            {(field.options ?? []).map((o) => (
              <option key={o.value} value={o.value}>
                {o.label}
              </option>
            ))}
          </select>
        </label>
      )
    case 'area':
      return (
        <label>
          <span>{field.label}</span>
          <textarea rows={3} value={value} onChange={(e) => set(e.target.value)} />
        </label>
      )
    case 'work':
      return <Work label={field.label} set={set} />
    default:
      return (
        <label>
          <span>{field.label}</span>
          <input
            inputMode={field.kind === 'number' ? 'numeric' : undefined}
            placeholder={field.kind === 'clock' ? '14:30' : undefined}
            value={value}
            onChange={(e) => set(e.target.value)}
          />
        </label>
      )
  }
}

interface Row {
  what: string
  owner: string
  date: string
}

const none: Row = { what: '', owner: '', date: '' }

/** Lessons as work: each with words, an owner on the roster and a date. Empty until every row is whole. */
function Work({ label, set }: { label: string; set: (v: string) => void }) {
  const { t, tx } = useWords()
  const people = usePicture()?.people ?? []
  const [rows, setRows] = useState<Row[]>([none])
  const change = (next: Row[]) => {
    setRows(next)
    const whole = next.every((r) => r.what.trim() && r.owner && r.date)
    const work: Action[] = next.map((r) => ({
      what: r.what.trim(),
      owner: r.owner,
      due: whole ? new Date(`${r.date}T12:00:00Z`).toISOString() : '',
    }))
    set(whole ? JSON.stringify(work) : '')
  }
  const edit = (i: number, part: Partial<Row>) =>
    change(rows.map((r, n) => (n === i ? { ...r, ...part } : r)))
  return (
    <fieldset className="work">
      <legend>{label}</legend>
      {rows.map((r, i) => (
        <div key={i} className="work-row">
          <label>
            <span>{t('work.what')}</span>
            <input value={r.what} onChange={(e) => edit(i, { what: e.target.value })} />
          </label>
          <label>
            <span>{t('work.owner')}</span>
            <select value={r.owner} onChange={(e) => edit(i, { owner: e.target.value })}>
              <option value="">{t('choose')}</option>
              {people.map((x) => (
                <option key={x.id} value={x.id}>
                  {tx(x.name, x.id)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{t('work.due')}</span>
            <input type="date" value={r.date} onChange={(e) => edit(i, { date: e.target.value })} />
          </label>
        </div>
      ))}
      <button type="button" className="button quiet" onClick={() => change([...rows, none])}>
        {t('work.more')}
      </button>
    </fieldset>
  )
}
