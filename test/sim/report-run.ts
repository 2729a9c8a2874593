/**
 * A run written by hand for the report: three nodes, a partition, a kill, a lost block, two
 * concurrent versions of one key, an outcome nobody knows, and a verdict that names four events.
 */

import {
  type DirectoryId,
  type Epoch,
  type Key,
  keyFromText,
  type LogKey,
  type NodeName,
  type Timestamp,
  type WriterId,
} from '../../base/index.ts'
import type { Entry, Request } from '../../core/index.ts'
import { encodeMessage } from '../../core/message.ts'
import { Dependencies, VersionVector } from '../../crdt/index.ts'
import type { Counts, Fault, Happening, RunResult, TraceEvent, Weather } from '../../sim/index.ts'

/** An ordinary key, which must not end the page's script. */
export const NASTY_KEY = '</script><img src=x onerror=alert(1)>'
export const DIGEST_A = 'a'.repeat(16)
export const DIGEST_B = 'b'.repeat(16)

const CHANCE = { numerator: 1, denominator: 20 }

export const WEATHER: Weather = {
  network: {
    delayMinMs: 1,
    delayMeanMs: 10,
    loss: CHANCE,
    retransmitMs: 200,
    clientLoss: CHANCE,
    reset: CHANCE,
    detectMs: 1500,
    reconnectMs: 500,
  },
  disk: {
    writeMinMs: 0.5,
    writeMeanMs: 2,
    appendMinMs: 0.2,
    appendMeanMs: 1,
    readMeanMs: 1,
    syncIntervalMs: 1000,
    releaseIntervalMs: 5000,
  },
  clockOffsetsMs: [0, 12.5, -800],
  faultIntervalsMs: { partition: 9000, kill: 20_000 },
  strike: { one: CHANCE, all: CHANCE },
}

const NO_COUNTS: Counts = {
  calls: 3,
  acknowledgedWrites: 2,
  reads: 0,
  failedCalls: 0,
  unknownOutcomes: 1,
  retries: 0,
  conflicts: 1,
  batches: 0,
  conditionalWrites: 0,
  messages: 3,
  pushes: 3,
  blocks: 5,
  disconnections: 2,
  partitions: 1,
  kills: 1,
  powerLosses: 0,
  wipedDisks: 0,
  restoredDisks: 0,
  elections: 0,
  leaders: 0,
  commits: 0,
  adoptions: 0,
  deadSuffixes: 0,
  switches: 0,
  voterChanges: 0,
  expiries: 0,
  faults: { partition: 1, kill: 1 },
  events: 0,
}

export function resultOf(trace: readonly TraceEvent[], violated: readonly number[], message = 'something is wrong'): RunResult {
  return {
    seed: 42,
    passed: violated.length === 0,
    violations: violated.length === 0 ? [] : [{ invariant: 'NoLostAck', atMs: trace.at(-1)?.atMs ?? 0, message, events: violated }],
    counts: { ...NO_COUNTS, events: trace.length },
    traceHash: '0123456789abcdef',
    virtualMs: trace.at(-1)?.atMs ?? 0,
    weather: WEATHER,
    plan: [],
    trace,
  }
}

/** Events one after the other, with the time that the test sets. */
export class WrittenTrace {
  readonly events: TraceEvent[] = []
  atMs = 0
  #transfer = 0
  #timestamp = 4096 * 1000

  happen(happening: Happening): number {
    return this.events.push({ number: this.events.length, atMs: this.atMs, happening }) - 1
  }

  write(node: number, dot: { writer: WriterId; sequence: number }, key: Key, text: string | null, known: VersionVector): number {
    this.#timestamp += 4096
    const dependencies = Dependencies.none().advance(known, dot.writer)
    const value = text === null ? null : ({ type: 'text', data: text } as const)
    const version = { dot, epoch: 1 as Epoch, timestamp: this.#timestamp as Timestamp, value, deadlineMs: null, dependencies }
    const transactions = [{ sequence: dot.sequence, idempotencyKey: null, changes: [{ key, version }] }]
    const entry: Entry = { writer: dot.writer, epoch: 1 as Epoch, dependencies, transactions, reportWanted: false }
    return this.happen({ kind: 'sealed', node, entry })
  }

  blocks(from: number, to: number, writer: WriterId, index: number): number {
    const id = ++this.#transfer
    this.happen({ kind: 'sent', id, from, to, content: { kind: 'blocks', log: 'cc'.repeat(32) as LogKey, writer, from: index, count: 1 } })
    return id
  }

  heartbeat(from: number, to: number, frontier: VersionVector, digest: string): number {
    const id = ++this.#transfer
    const reaches: NodeName[] = []
    const bytes = encodeMessage({
      kind: 'heartbeat',
      sentAtMs: 5,
      wallMs: 7,
      echo: { sentAtMs: 1, heldMs: 2 },
      epoch: 1 as Epoch,
      promised: 1 as Epoch,
      committed: null,
      beginning: null,
      founders: [],
      url: '',
      frontier,
      digest,
      reaches,
      nameContested: false,
    })
    this.happen({ kind: 'sent', id, from, to, content: { kind: 'message', bytes } })
    return id
  }
}

const WRITERS = ['n1.00000001', 'n2.00000002', 'n3.00000003'] as WriterId[]

export function writerOf(node: number): WriterId {
  return WRITERS[node] ?? ('n9.00000009' as WriterId)
}

export function vector(...entries: [WriterId, number][]): VersionVector {
  return new VersionVector(entries)
}

/** The run. @param key what is written twice at once */
export function dramaticRun(keyText: string = NASTY_KEY): RunResult {
  const trace = new WrittenTrace()
  const key = keyFromText(keyText)
  const [one, , three] = [writerOf(0), writerOf(1), writerOf(2)]
  trace.happen({ kind: 'phase', phase: 'safety' })
  for (let node = 0; node < 3; node++) start(trace, node, 1)
  trace.atMs = 20
  for (const [left, right] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const)
    trace.happen({ kind: 'connected', left, right })
  trace.atMs = 100
  const partition: Fault = {
    kind: 'partition',
    shape: 'isolated',
    atMs: 100,
    durationMs: 500,
    directions: [
      [2, 0],
      [0, 2],
      [2, 1],
      [1, 2],
    ],
  }
  trace.happen({ kind: 'fault-began', fault: partition })
  trace.atMs = 150
  trace.happen({ kind: 'disconnected', left: 0, right: 2 })
  trace.happen({ kind: 'disconnected', left: 1, right: 2 })
  trace.atMs = 200
  const asked = ask(trace, 1, 0, key, 'first')
  const sealed = trace.write(0, { writer: one, sequence: 1 }, key, 'first', vector())
  const lost = trace.blocks(0, 2, one, 1)
  trace.atMs = 203.25
  persist(trace, 0, one)
  trace.happen({
    kind: 'answered',
    call: 1,
    client: 7,
    node: 0,
    reply: { kind: 'committed', version: { writer: one, sequence: 1 }, deleted: 0, session: vector([one, 1]) },
  })
  trace.atMs = 210
  ask(trace, 2, 2, key, 'second')
  trace.write(2, { writer: three, sequence: 1 }, key, 'second', vector())
  trace.atMs = 212
  persist(trace, 2, three)
  const dropped = trace.happen({ kind: 'dropped', id: lost })
  const arriving = trace.blocks(0, 1, one, 1)
  trace.atMs = 230
  trace.happen({ kind: 'delivered', id: arriving })
  trace.happen({ kind: 'applied', node: 1, frontier: vector([one, 1]) })
  for (const [node, digest] of [
    [0, DIGEST_A],
    [1, DIGEST_B],
  ] as const) {
    const id = trace.heartbeat(node, 1 - node, vector([one, 1]), digest)
    trace.happen({ kind: 'delivered', id })
  }
  trace.atMs = 300
  const kill: Fault = { kind: 'kill', atMs: 300, nodes: [2], downMs: 200, point: null }
  trace.happen({ kind: 'fault-began', fault: kill })
  trace.happen({ kind: 'stopped', node: 2, cause: 'kill', failure: null })
  trace.atMs = 400
  trace.happen({ kind: 'unknown', call: 2, client: 7, node: 2 })
  trace.atMs = 500
  start(trace, 2, 2)
  trace.happen({ kind: 'fault-ended', fault: kill })
  trace.happen({ kind: 'applied', node: 2, frontier: vector([three, 1]) })
  trace.atMs = 600
  trace.happen({ kind: 'fault-ended', fault: partition })
  trace.happen({ kind: 'phase', phase: 'liveness' })
  trace.happen({ kind: 'connected', left: 0, right: 2 })
  for (const node of [0, 1]) {
    const id = trace.blocks(2, node, three, 1)
    trace.atMs += 10
    trace.happen({ kind: 'delivered', id })
    trace.happen({ kind: 'applied', node, frontier: vector([one, 1], [three, 1]) })
  }
  trace.atMs = 700
  const settled = trace.happen({ kind: 'phase', phase: 'settled' })
  return resultOf(trace.events, [asked, sealed, dropped, settled], `n3 never got ${keyText}`)
}

function start(trace: WrittenTrace, node: number, life: number): void {
  trace.happen({ kind: 'started', node, life, directory: '00'.repeat(16) as DirectoryId })
  trace.happen({ kind: 'recovered', node })
}

function ask(trace: WrittenTrace, call: number, node: number, key: Key, text: string): number {
  const request: Request = {
    kind: 'transaction',
    operations: [{ kind: 'set', key, value: { type: 'text', data: text }, ttlMs: null }],
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: 1000,
  }
  return trace.happen({ kind: 'invoked', call, client: 7, node, request })
}

function persist(trace: WrittenTrace, node: number, writer: WriterId): void {
  trace.happen({ kind: 'persisted', node })
  trace.happen({ kind: 'applied', node, frontier: vector([writer, 1]) })
  trace.happen({ kind: 'appended', node, writer, index: 0, blocks: 2 })
}
