// Orders to equipment as the mock plays them: a few of each level, a second person, an end after some seconds.

import type { CommandRecord } from '../src/live/types'
import type { OrderNow } from '../src/live/orders'

const order = (
  id: string,
  ko: string,
  en: string,
  level: OrderNow['level'],
  more: Partial<OrderNow>,
): OrderNow => ({
  id,
  device: id.slice(0, id.lastIndexOf('/')),
  asset: 'demo/b1',
  names: { ko, en },
  level,
  feedback: `${id.slice(0, id.lastIndexOf('/'))}/running`,
  equals: 1,
  pulse: false,
  deadline_s: 10,
  sends: 1,
  effects: [],
  roles: level === 'C3' ? ['lead', 'safety'] : level === 'C4' ? ['safety'] : ['operator', 'lead'],
  second: level === 'C4' ? ['lead', 'safety'] : [],
  actual: 0,
  quality: 'good',
  checks: [
    {
      text: { ko: '되먹임 점을 읽을 수 있음', en: 'the feedback point can be read' },
      point: 'demo/x/running',
      value: 0,
      quality: 'good',
      pass: true,
    },
  ],
  ready: true,
  ...more,
})

const low = {
  text: { ko: '냉수 흐름이 있음', en: 'chilled water flows' },
  point: 'demo/c1/flow',
  value: 0.4,
  unit: 'L/s',
  quality: 'good' as const,
  wants: '> 3',
  pass: false,
}

export const orders: OrderNow[] = [
  order('demo/c1/set', '냉수 설정 온도', 'Chilled water set point', 'C1', {
    equals: null,
    actual: 7,
    span: { min: 5, max: 15, step: 0.1, unit: 'degC' },
  }),
  order('demo/c1/start', '냉동기 기동', 'Start chiller', 'C2', {
    effects: [{ ko: '전력 180 kW를 더 씁니다.', en: 'Draws 180 kW more.' }],
  }),
  order('demo/c1/reset', '냉동기 고장 복귀', 'Reset chiller trip', 'C2', {
    checks: [low],
    ready: false,
  }),
  order('demo/cb/open', '차단기 개방', 'Open the breaker', 'C3', {
    select: 'select-open',
    opens: true,
    told: [
      { user: 'lead', names: { ko: '교대 조장', en: 'Shift lead' }, here: true, signs: false, alarms: true },
      {
        user: 'safety',
        names: { ko: '소방안전관리자', en: 'Fire-safety manager' },
        here: false,
        signs: false,
        alarms: true,
      },
    ],
    effects: [{ ko: 'A계통 전원이 끊깁니다.', en: 'Feed A goes dead.' }],
  }),
  order('demo/b1/r3/io/water', '냉각수 주수', 'Cooling water', 'C4', {
    fallback: 'demo/b1/r3/io/water-bkp',
  }),
]

export class OrderRefused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

interface Who {
  user: string
  station: string
}

export class Orders {
  records = new Map<string, CommandRecord>()
  told: (r: CommandRecord) => void = () => undefined
  silenced: (r: CommandRecord) => void = () => undefined
  private n = 0

  private put(r: CommandRecord): CommandRecord {
    this.records.set(r.id, r)
    this.told(r)
    return r
  }

  private proven(body: Record<string, unknown>, tag: string): void {
    if (body.confirm !== tag) throw new OrderRefused(422, `To confirm, type exactly "${tag}" in confirm.`)
    if (body.password !== 'bongsu-demo')
      throw new OrderRefused(403, 'The password is wrong. Nothing was done.')
  }

  private begin(more: Partial<CommandRecord>, who: Who, waits: boolean): CommandRecord {
    const at = new Date()
    const r: CommandRecord = {
      id: `rec${++this.n}`,
      name: '',
      command: '',
      asset: 'demo/b1',
      by: who.user,
      station: who.station,
      state: waits ? 'requested' : 'journalled',
      attempt: 1,
      requested: at.toISOString(),
      sent: null,
      accepted: null,
      confirmed: null,
      ...more,
    }
    if (waits) r.until = new Date(at.getTime() + 60_000).toISOString()
    return waits ? this.put(r) : this.carry(r)
  }

  private carry(r: CommandRecord): CommandRecord {
    const now = new Date().toISOString()
    setTimeout(() => {
      const at = new Date().toISOString()
      const was = this.records.get(r.id)
      if (was?.state === 'sent')
        this.put({ ...was, state: 'confirmed', accepted: now, confirmed: at, ended: at })
    }, 2500)
    return this.put({ ...r, state: 'sent', authorised: now, sent: now })
  }

  give(body: Record<string, unknown>, who: Who): CommandRecord {
    const o = orders.find((x) => x.id === body.command)
    if (!o) throw new OrderRefused(404, 'There is no such command.')
    if (!o.ready)
      throw new OrderRefused(409, 'interlock: chilled water flows (demo/c1/flow is 0.4 L/s, want > 3)')
    if (o.level >= 'C3') this.proven(body, o.id)
    return this.begin({ name: o.id, command: o.id, reason: String(body.reason ?? '') }, who, o.level === 'C4')
  }

  fire(room: string, verb: string, body: Record<string, unknown>, who: Who): unknown {
    const tag = ['release', 'takeover', 'power-cut', 'bank-ready'].includes(verb)
      ? room
      : (body.rack ?? body.command)
    this.proven(body, String(tag))
    const args = { rack: String(body.rack ?? ''), command: String(body.command ?? '') }
    const name = `fire.${verb} ${room}`
    const r = this.begin({ name, kind: `fire.${verb}`, args, reason: String(body.reason ?? '') }, who, true)
    return { id: r.id, code: 202, detail: r.id, seq: 1 }
  }

  /** A request to silence an alarm that takes two. */
  alarm(
    alarm: { id: string; asset: string },
    verb: string,
    body: Record<string, unknown>,
    who: Who,
  ): unknown {
    const name = `alarm.${verb} ${alarm.id}`
    const args = { seconds: String(body.seconds ?? ''), work_order: String(body.work_order ?? '') }
    const more = { name, kind: `alarm.${verb}`, asset: alarm.asset, args, reason: String(body.reason ?? '') }
    const r = this.begin(more, who, true)
    return { id: r.id, code: 202, detail: r.id, seq: 1 }
  }

  act(path: string, who: Who): CommandRecord {
    const [id = '', verb] = path.split('/')
    const r = this.records.get(id)
    if (!r) throw new OrderRefused(404, 'There is no such command record.')
    if (verb === 'cancel')
      return this.put({ ...r, state: 'cancelled', ended: new Date().toISOString(), ended_by: who.user })
    if (who.user === r.by) throw new OrderRefused(403, `The second person must be someone else than ${r.by}.`)
    if (who.station === r.station)
      throw new OrderRefused(403, 'The second person must sign at another station.')
    if (r.kind?.startsWith('alarm.')) {
      this.silenced(r)
      const at = new Date().toISOString()
      return this.put({
        ...r,
        state: 'confirmed',
        second: who.user,
        authorised: at,
        confirmed: at,
        ended: at,
      })
    }
    return this.carry({ ...r, second: who.user })
  }
}
