// Brings the server's picture into the shape screens rely on: every list is there, if only empty.

import type { Group, Incident, Motion, Picture, Play, Playbook, Service, SiteState } from './picture'

const list = <T>(v: T[] | null | undefined): T[] => v ?? []

const incident = (i: Incident): Incident => ({
  ...i,
  evidence: list(i.evidence),
  roles: i.roles ?? {},
  can: list(i.can),
})

const motion = (m: Motion): Motion => ({
  ...m,
  seats: list(m.seats),
  ballots: list(m.ballots),
  votes: list(m.votes),
})

const group = (g: Group): Group => ({
  ...g,
  services: list(g.services),
  pending: list(g.pending),
  path: list(g.path),
})

const playbook = (p: Playbook): Playbook => ({ ...p, steps: list(p.steps) })

const play = (p: Play): Play => ({ ...p, playbook: playbook(p.playbook), steps: p.steps ?? {} })

const service = (s: Service): Service => ({ ...s, roots: list(s.roots) })

const site = (s: SiteState): SiteState => ({ ...s, services: list(s.services) })

export function readPicture(p: Picture): Picture {
  return {
    ...p,
    incidents: list(p.incidents).map(incident),
    motions: list(p.motions).map(motion),
    summons: list(p.summons),
    groups: list(p.groups).map(group),
    plays: list(p.plays).map(play),
    services: list(p.services).map(service),
    playbooks: list(p.playbooks).map(playbook),
    waiting: list(p.waiting),
    doubts: list(p.doubts),
    sites: list(p.sites).map(site),
    names: list(p.names).map((n) => ({ ...n, shares: n.shares ?? {} })),
    orders: list(p.orders).map((o) => ({
      ...o,
      sites: list(o.sites),
      signed: list(o.signed),
      names: list(o.names),
    })),
    people: list(p.people).map((x) => ({
      ...x,
      roles: list(x.roles),
      channels: list(x.channels),
      deputies: list(x.deputies),
    })),
    teams: list(p.teams),
  }
}
