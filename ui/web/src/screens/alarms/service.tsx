// Taking an alarm out of service for work on its equipment, and back after a recorded function test.

import { useState } from 'react'
import type { Alarm } from '../../live/types'
import { takeBack, takeOut } from '../../ui/alarm-acts'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'

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
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const two = alarm.class === 'fire' || alarm.class === 'safety'
  const off =
    !order.trim() || !measure.trim()
      ? t('off.work-order')
      : two && (!user || !password)
        ? t('off.second-person')
        : ''
  return (
    <details className="drawer-service">
      <summary>{t('alarm.take-out')}</summary>
      <Field label={t('alarm.work-order')} value={order} set={setOrder} />
      <Field label={t('alarm.measure')} value={measure} set={setMeasure} />
      {two && (
        <>
          <Field label={t('alarm.second-user')} value={user} set={setUser} />
          <Field label={t('alarm.second-password')} value={password} set={setPassword} secret />
        </>
      )}
      <Act
        right="service"
        off={off}
        onAct={() =>
          takeOut(alarm, order, measure, two ? { user, password } : undefined).finally(() => setPassword(''))
        }
      >
        {t('alarm.take-out')}
      </Act>
    </details>
  )
}

interface FieldProps {
  label: string
  value: string
  set: (v: string) => void
  secret?: boolean
}

function Field({ label, value, set, secret }: FieldProps) {
  return (
    <label className="filter-field">
      <span>{label}</span>
      <input
        type={secret ? 'password' : 'text'}
        autoComplete="off"
        value={value}
        maxLength={500}
        onChange={(e) => set(e.target.value)}
      />
    </label>
  )
}
