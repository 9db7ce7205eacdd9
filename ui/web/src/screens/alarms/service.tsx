// Taking an alarm out of service for work on its equipment, and back after a recorded function test.

import { useState } from 'react'
import { takesTwo } from '../../live/order'
import type { Alarm } from '../../live/types'
import { takeBack, takeOut } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'
import { useAsked } from './asked'

export function Service({ alarm }: { alarm: Alarm }) {
  return alarm.state === 'out-of-service' ? <Back alarm={alarm} /> : <Out alarm={alarm} />
}

function Back({ alarm }: { alarm: Alarm }) {
  const { t } = useWords()
  const [test, setTest] = useState('')
  return (
    <div className="drawer-service">
      <Field label={t('alarm.function-test')} value={test} set={setTest} />
      <Act
        right="service"
        off={test.trim() ? '' : t('off.function-test')}
        onAct={() => takeBack(alarm, test).then(() => setTest(''))}
      >
        {t('alarm.take-back')}
      </Act>
    </div>
  )
}

function Out({ alarm }: { alarm: Alarm }) {
  const { t } = useWords()
  const [order, setOrder] = useState('')
  const [measure, setMeasure] = useState('')
  const asked = useAsked(alarm, 'out-of-service')
  const off = asked ? t('off.asked') : !order.trim() || !measure.trim() ? t('off.work-order') : ''
  return (
    <details className="drawer-service">
      <summary>{t('alarm.take-out')}</summary>
      <Field label={t('alarm.work-order')} value={order} set={setOrder} />
      <Field label={t('alarm.measure')} value={measure} set={setMeasure} />
      {takesTwo(alarm, 'out-of-service') && <p className="muted">{t('alarm.two')}</p>}
      <Act right="service" off={off} onAct={() => takeOut(alarm, order, measure)}>
        {t('alarm.take-out')}
      </Act>
    </details>
  )
}

interface FieldProps {
  label: string
  value: string
  set: (v: string) => void
}

function Field({ label, value, set }: FieldProps) {
  return (
    <label className="filter-field">
      <span>{label}</span>
      <input
        type="text"
        autoComplete="off"
        value={value}
        maxLength={500}
        onChange={(e) => set(e.target.value)}
      />
    </label>
  )
}
