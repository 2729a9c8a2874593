/**
 * A node's status as it arrives in the body of `GET /v1/status`, decoded: what it lacks or spells
 * otherwise (a node of another version, or no node at all) is a failure with the field's name,
 * never a half-empty table.
 */

import { SkeinError } from '../base/index.ts'

export type ReportedState =
  | { readonly kind: 'recovering'; readonly done: number; readonly total: number }
  | { readonly kind: 'serving' }
  | { readonly kind: 'read-only'; readonly reason: string }

export interface ReportedLog {
  readonly writer: string
  readonly node: string
  readonly state: string
  readonly length: number
  readonly applied: number
  readonly waiting: number
  readonly reason: string | null
}

export interface ReportedPeer {
  readonly node: string
  /** `alive`, `suspect` or `down`. */
  readonly state: string
  readonly connected: boolean
  readonly directory: string | null
  readonly lag: number | null
  readonly rttMs: number | null
  readonly clockSkewMs: number | null
  readonly digest: string | null
  readonly reaches: readonly string[]
  readonly secondsSinceHeard: number | null
  readonly nameContested: boolean
}

/** So many blocks of the log of an epoch's leader. */
export interface ReportedPlace {
  readonly epoch: number
  readonly length: number
}

export interface ReportedChain {
  readonly role: string
  readonly promised: number
  readonly position: ReportedPlace
  readonly committed: ReportedPlace | null
  readonly applied: ReportedPlace | null
  readonly voters: readonly { readonly node: string; readonly directory: string | null; readonly length: number | null }[]
}

export interface NodeReport {
  readonly node: string
  readonly directory: string
  readonly writer: string | null
  readonly version: string
  readonly state: ReportedState
  readonly mode: string
  readonly epoch: number
  readonly leader: string | null
  readonly chain: ReportedChain
  readonly members: readonly string[]
  readonly learners: readonly string[]
  /** By node, lists of members that differ from this node's. */
  readonly foundersDiffer: ReadonlyMap<string, readonly string[]>
  /** Connected nodes of another cluster. */
  readonly foreign: readonly string[]
  readonly digest: string
  readonly frontier: ReadonlyMap<string, number>
  readonly keys: number
  readonly keysWithConflicts: number
  readonly logs: readonly ReportedLog[]
  readonly peers: readonly ReportedPeer[]
  readonly refusedBy: readonly { readonly node: string; readonly reason: string }[]
  readonly clockOffsetMs: number
  /** Seconds. */
  readonly uptime: number
  /** Connections refused since the start, by reason. */
  readonly refused: ReadonlyMap<string, number>
}

/** @throws INTERNAL naming the field */
export function decodeNodeReport(body: unknown): NodeReport {
  const status = new JsonObject(body, 'status')
  return {
    node: status.text('node'),
    directory: status.text('directory'),
    writer: status.textOrNull('writer'),
    version: status.text('version'),
    state: decodeState(status.object('state')),
    mode: status.text('mode'),
    epoch: status.number('epoch'),
    leader: status.textOrNull('leader'),
    chain: decodeChain(status.object('chain')),
    members: status.texts('members'),
    learners: status.texts('learners'),
    foundersDiffer: status.object('foundersDiffer').lists(),
    foreign: status.texts('foreign'),
    digest: status.text('digest'),
    frontier: status.object('frontier').numbers(),
    keys: status.number('keys'),
    keysWithConflicts: status.number('keysWithConflicts'),
    logs: status.objects('logs').map(decodeLog),
    peers: status.objects('peers').map(decodePeer),
    refusedBy: status.objects('refusedBy').map((refusal) => ({ node: refusal.text('node'), reason: refusal.text('reason') })),
    clockOffsetMs: status.number('clockOffsetMs'),
    uptime: status.number('uptime'),
    refused: status.object('network').object('refused').numbers(),
  }
}

/** True if the node was told that it is no member any more. */
export function isRemoved({ state }: NodeReport): boolean {
  return state.kind === 'read-only' && state.reason === 'REMOVED'
}

function decodeState(state: JsonObject): ReportedState {
  const kind = state.text('kind')
  if (kind === 'serving') return { kind }
  if (kind === 'recovering') return { kind, done: state.number('done'), total: state.number('total') }
  if (kind === 'read-only') return { kind, reason: state.text('reason') }
  return state.refuse('kind', 'one of serving, recovering, read-only')
}

function decodeChain(chain: JsonObject): ReportedChain {
  return {
    role: chain.text('role'),
    promised: chain.number('promised'),
    position: decodePlace(chain.object('position')),
    committed: decodePlaceOrNull(chain.objectOrNull('committed')),
    applied: decodePlaceOrNull(chain.objectOrNull('applied')),
    voters: chain.objects('voters').map((voter) => ({
      node: voter.text('node'),
      directory: voter.textOrNull('directory'),
      length: voter.numberOrNull('length'),
    })),
  }
}

function decodePlace(place: JsonObject): ReportedPlace {
  return { epoch: place.number('epoch'), length: place.number('length') }
}

function decodePlaceOrNull(place: JsonObject | null): ReportedPlace | null {
  return place === null ? null : decodePlace(place)
}

function decodeLog(log: JsonObject): ReportedLog {
  return {
    writer: log.text('writer'),
    node: log.text('node'),
    state: log.text('state'),
    length: log.number('length'),
    applied: log.number('applied'),
    waiting: log.number('waiting'),
    reason: log.textOrNull('reason'),
  }
}

function decodePeer(peer: JsonObject): ReportedPeer {
  return {
    node: peer.text('node'),
    state: peer.text('state'),
    connected: peer.boolean('connected'),
    directory: peer.textOrNull('directory'),
    lag: peer.numberOrNull('lag'),
    rttMs: peer.numberOrNull('rttMs'),
    clockSkewMs: peer.numberOrNull('clockSkewMs'),
    digest: peer.textOrNull('digest'),
    reaches: peer.texts('reaches'),
    secondsSinceHeard: peer.numberOrNull('secondsSinceHeard'),
    nameContested: peer.boolean('nameContested'),
  }
}

/** A JSON object with a name, whose fields are read by type. */
class JsonObject {
  readonly #name: string
  readonly #fields: ReadonlyMap<string, unknown>

  constructor(value: unknown, name: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(name, 'an object')
    this.#name = name
    this.#fields = new Map(Object.entries(value))
  }

  text(field: string): string {
    const value = this.#fields.get(field)
    return typeof value === 'string' ? value : this.refuse(field, 'text')
  }

  textOrNull(field: string): string | null {
    return this.#isNull(field) ? null : this.text(field)
  }

  number(field: string): number {
    const value = this.#fields.get(field)
    return typeof value === 'number' ? value : this.refuse(field, 'a number')
  }

  numberOrNull(field: string): number | null {
    return this.#isNull(field) ? null : this.number(field)
  }

  boolean(field: string): boolean {
    const value = this.#fields.get(field)
    return typeof value === 'boolean' ? value : this.refuse(field, 'true or false')
  }

  texts(field: string): string[] {
    return this.#list(field).map((value) => (typeof value === 'string' ? value : this.refuse(field, 'a list of texts')))
  }

  object(field: string): JsonObject {
    return new JsonObject(this.#fields.get(field), `${this.#name}.${field}`)
  }

  objectOrNull(field: string): JsonObject | null {
    return this.#isNull(field) ? null : this.object(field)
  }

  objects(field: string): JsonObject[] {
    return this.#list(field).map((value, index) => new JsonObject(value, `${this.#name}.${field}[${index}]`))
  }

  numbers(): Map<string, number> {
    return new Map([...this.#fields.keys()].map((field) => [field, this.number(field)]))
  }

  lists(): Map<string, readonly string[]> {
    return new Map([...this.#fields.keys()].map((field) => [field, this.texts(field)]))
  }

  refuse(field: string, expected: string): never {
    throw unexpected(`${this.#name}.${field}`, expected)
  }

  #list(field: string): readonly unknown[] {
    const value = this.#fields.get(field)
    return Array.isArray(value) ? value : this.refuse(field, 'a list')
  }

  #isNull(field: string): boolean {
    return (this.#fields.get(field) ?? null) === null
  }
}

function unexpected(name: string, expected: string): SkeinError {
  return new SkeinError('INTERNAL', `the node answered a ${name} that is not ${expected}: is it of the same version as this program?`)
}
