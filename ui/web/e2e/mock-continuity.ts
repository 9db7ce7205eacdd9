// The mock's organisation: a scene, what people's acts do to it, and the journal all sites share.

import type { ActRecord, Answer, Choice, Picture } from '../src/live/picture'
import type { Entry } from '../src/live/types'
import { ago } from './mock-people'
import { count } from './mock-scenes'
import { scenes, type Scene } from './mock-scenes-late'

export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

interface Actor {
  user: string
  station: string
}

type Body = Record<string, unknown>

/** Machine, id, from, event, to. */
type Move = [string, string, string, string, string]

const word = (v: unknown): string => (typeof v === 'string' ? v : '')

export class Continuity {
  picture: Picture | null = scenes.calm()
  entries: Entry[] = []
  told: (p: Picture) => void = () => undefined

  constructor() {
    this.play('calm')
  }

  play(scene: Scene): void {
    this.picture = scene === 'none' ? null : scenes[scene]()
    this.entries = []
    if (scene !== 'none' && scene !== 'calm') this.story()
    this.changed()
  }

  /** Everything a person asks for. */
  ask(path: string, body: Body, who: Actor): Answer {
    const p = this.picture
    if (!p) throw new Refused(404, 'This site has no continuity configured.')
    if (!p.control.quorum) throw new Refused(503, 'The organisation did not answer.')
    const answer = this.act(p, path, body, who)
    this.changed()
    return answer
  }

  private act(p: Picture, path: string, body: Body, who: Actor): Answer {
    const [room, first = '', second = '', third = ''] = path.split('/')
    if (room === 'bcp' && first === 'motions' && third === 'votes') return this.vote(p, second, body, who)
    if (room === 'bcp' && first === 'summons') return this.summon(p, third, who)
    if (room === 'runs' && second === 'steps') return this.step(p, path, body, who)
    if (room === 'failover') return this.failover(p, first, second, body, who)
    if (room === 'incidents' && !first) return this.report(p, body, who)
    this.log('bcp.request', who.user, path, { kind: path, by: [{ person: who.user }], args: body })
    return done()
  }

  private vote(p: Picture, id: string, body: Body, who: Actor): Answer {
    const m = p.motions.find((x) => x.id === id)
    if (!m?.seats.some((s) => s.person === who.user))
      throw new Refused(403, `vote on motion ${id}: "${who.user}": has no seat and sits for nobody`)
    const choice = word(body.choice) as Choice
    m.ballots = [...m.ballots.filter((b) => b.person !== who.user), { person: who.user, choice }]
    m.tally = count(m)
    m.votes = [...m.votes, { person: who.user, choice, channel: 'console', at: ago(0), tally: m.tally }]
    this.move(['motion', id, 'OPEN', 'vote', 'OPEN'], who.user, { vote: m.votes.at(-1) })
    return done()
  }

  private summon(p: Picture, verb: string, who: Actor): Answer {
    const s = p.summons.find((x) => x.person === who.user)
    if (!s) throw new Refused(404, `summons of "${who.user}" to c1: no such thing`)
    const to = { ack: 'ACKED', join: 'JOINED', decline: 'DECLINED' }[verb] ?? s.state
    this.move(['summon', s.id, s.state, verb, to], who.user)
    s.state = to as typeof s.state
    s.since = ago(0)
    return done()
  }

  private step(p: Picture, path: string, body: Body, who: Actor): Answer {
    const [, play = '', , id = '', verb = ''] = path.split('/')
    const run = p.plays.find((x) => x.id === play)?.steps[id]
    if (!run) throw new Refused(404, `step ${play}/${id}: no such thing`)
    const to =
      { attest: 'DONE', skip: 'SKIPPED', 'give-up': 'FAILED', release: 'READY', compensate: 'COMPENSATING' }[
        verb
      ] ?? run.state
    this.move(['step', `${play}/${id}`, run.state, verb.replace('-', '_'), to], who.user, {
      evidence: body.evidence,
    })
    Object.assign(run, {
      state: to,
      since: ago(0),
      by: who.user,
      ...(body.evidence ? { evidence: body.evidence } : {}),
    })
    return done()
  }

  private failover(p: Picture, id: string, verb: string, body: Body, who: Actor): Answer {
    const g = p.groups.find((x) => x.id === id)
    if (!p.people.find((x) => x.id === who.user)?.roles.includes('tower'))
      throw new Refused(403, `failover group ${id}: "${who.user}": only the control tower may do this`)
    if (verb === 'resume') throw new Refused(409, `resume group ${id}: ${g?.guard}: the guard still fails`)
    if (verb !== 'override' || !g) return done()
    const first = p.waiting.find((w) => w.kind === 'failover.override' && w.by[0]?.person !== who.user)
    if (!first) {
      p.waiting = [
        ...p.waiting,
        {
          id: 'r1',
          kind: 'failover.override',
          subject: id,
          by: [{ person: who.user, station: who.station }],
          args: { reason: word(body.reason) },
          at: ago(0),
        },
      ]
      return { id: 'r1', code: 202, detail: 'waiting for a second person on another station' }
    }
    p.waiting = p.waiting.filter((w) => w !== first)
    const act: ActRecord = {
      key: 'failover/talk/6/0',
      kind: 'promote',
      to: 'account',
      epoch: 7,
      state: 'intended',
      intended: ago(0),
    }
    Object.assign(g, {
      state: 'PROMOTING',
      since: ago(0),
      hold: null,
      guard: '1 acts without an outcome',
      pending: [act],
    })
    this.move(['failover', id, 'HOLD', 'resume_data_gate', 'PROMOTING'], who.user)
    return done()
  }

  private report(p: Picture, body: Body, who: Actor): Answer {
    const open = p.incidents[0]
    const e = {
      id: `report-${this.entries.length}`,
      kind: word(body.kind) || 'report',
      site: word(body.site),
      person: who.user,
      at: ago(0),
      what: word(body.what),
      ...(body.deadline ? { deadline: word(body.deadline) } : {}),
    }
    if (open) open.evidence = [...open.evidence, e]
    this.move(['incident', open?.id ?? 'i15', 'HANDLING', 'note', 'HANDLING'], who.user, { evidence: [e] })
    return done()
  }

  private move([machine, id, from, event, to]: Move, by = 'clock', detail: unknown = {}, why = ''): void {
    const at = ago(0)
    const n = this.entries.length + 1
    this.log('bcp.move', by, `${machine}/${id}`, {
      machine,
      id,
      n,
      from,
      event,
      to,
      at,
      epoch: 7,
      by,
      why,
      detail,
    })
  }

  private log(kind: string, actor: string, subject: string, data: unknown): void {
    const seq = (this.entries.at(-1)?.seq ?? 100) + 1
    const hash = (seq * 2654435761).toString(16).padStart(64, '0')
    this.entries.push({
      seq,
      time: ago(0),
      kind,
      actor,
      subject,
      data,
      hash,
      site: 'dc2',
      node: 'n2',
      epoch: 7,
    })
    if (this.picture) this.picture.control.seq = seq
  }

  private changed(): void {
    if (!this.picture) return
    this.picture.at = ago(0)
    this.told(this.picture)
  }

  /** How it came to this, as the journal tells it. */
  private story(): void {
    this.log('stage', 'fire', 'B1/R3', { room: 'B1', rack: 'R3', from: 'S1', to: 'S2', why: 'votes' })
    Object.assign(this.entries[0] ?? {}, {
      site: 'dc1',
      node: 'n1',
      epoch: 0,
      origin: { field: 'demo', seq: 44, time: ago(190) },
    })
    this.move(['incident', 'i14', '', 'create', 'DETECTED'], 'evidence', {
      evidence: [{ what: '배터리실 B1 랙 R3, 2단계' }],
    })
    this.move(['incident', 'i14', 'DETECTED', 'facility_critical', 'DECLARED'], 'evidence')
    this.move(['grade', 'i14', 'G3', 'facility_critical', 'G1'], 'evidence')
    this.move(['bcp', 'org', 'NORMAL', 'escalate', 'PENDING'], 'evidence', {}, 'incident:i14')
    this.move(['summon', 'c1/chair', 'PENDING', 'send', 'SENT'], 'clock', { channel: 'sms' })
    this.move(
      ['summon', 'c1/chair', 'SENT', 'exhausted', 'UNREACHABLE'],
      'clock',
      {},
      'every channel was tried',
    )
    this.move(
      ['play', 'p1', '', 'create', 'RUNNING'],
      'standing order so-2026-1',
      {},
      'battery-room-fire: signed by chair and tower',
    )
    this.move(['step', 'p1/freeze', 'VERIFYING', 'verified', 'DONE'])
    this.log('bcp.outcome', 'n2', 'failover/talk/4/0', {
      key: 'failover/talk/4/0',
      state: 'done',
      epoch: 7,
      detail: '',
    })
    this.log('bcp.request', 'tower', 'motion.vote m1', {
      id: 'r1',
      kind: 'motion.vote',
      subject: 'm1',
      by: [{ person: 'tower' }],
      args: { choice: 'yes' },
    })
    this.log('bcp.reply', 'rule', 'r1', { id: 'r1', code: 200, detail: 'done' })
    this.move(['motion', 'm1', 'OPEN', 'vote', 'OPEN'], 'tower', {
      vote: { person: 'tower', choice: 'yes', tally: { yes: 1, no: 0, abstain: 0, present: 2, needed: 3 } },
    })
    this.log('bcp.reply', 'rule', 'r7', {
      id: 'r7',
      code: 403,
      detail: 'failover group talk: "pr": only the control tower may do this',
    })
    if (this.picture?.groups[0]?.hold) {
      this.move(
        ['failover', 'talk', 'AWAIT_AUTH', 'granted', 'FENCING'],
        'rule',
        {},
        'standing order so-2026-1, signed by chair and tower',
      )
      this.move(
        ['failover', 'talk', 'FENCING', 'fenced', 'DATA_GATE'],
        'rule',
        {},
        'its store is read-only at epoch 7',
      )
      this.move(
        ['failover', 'talk', 'DATA_GATE', 'gap', 'HOLD'],
        'rule',
        {},
        'messaging has record 48211 of 48219',
      )
    }
  }
}

const done = (): Answer => ({ id: 'r0', code: 200, detail: 'done' })
