/**
 * The events of a run as the columns of `report-data.ts`. One pass, in the order of the events;
 * what an event refers to (a transfer, a call, an entry) gets a row in its own table the first
 * time it is seen. Message bytes stay behind: of a message its kind and size remain, and of a
 * heartbeat the digest, for that is how a report knows whether two nodes agreed.
 */

import { nodeOfWriter, unreachable, type WriterId } from '../../base/index.ts'
import type { Condition, Entry, Operation, Reply, Request } from '../../core/index.ts'
import { formatDot } from '../../crdt/index.ts'
import { faultText, happeningText } from '../event-text.ts'
import type { Fault, NodeIndex } from '../fault.ts'
import { wholePartOf } from '../kept-trace.ts'
import { essenceOf } from '../message-essence.ts'
import type { RunResult } from '../run.ts'
import type { CallId, Happening, StopCause, TransferId } from '../trace.ts'
import { answerOf } from './answer.ts'
import { directionsOf, nodesOf } from './fault-lanes.ts'
import { InternTable, previewValue } from './intern.ts'
import * as shape from './report-data.ts'

/** Versions in one page; entries past it are shown without their keys. */
export const VERSIONS_MAX = 400_000
const US_PER_MS = 1000
const STOP_CAUSES: readonly StopCause[] = ['kill', 'power', 'stop', 'failure']

export function encodeReport(result: RunResult): shape.ReportData {
  const { trace } = result
  const encoder = new Encoder()
  for (const { number, atMs, happening } of trace) encoder.add(number, atMs, happening)
  return {
    seed: result.seed,
    nodes: encoder.nodeNames(result.weather.clockOffsetsMs.length),
    endMs: Math.max(result.virtualMs, trace.at(-1)?.atMs ?? 0),
    kept: keptOf(result),
    violations: result.violations.map(({ invariant, message, atMs, events }) => ({ invariant, message, atMs, events })),
    kinds: shape.HAPPENING_KINDS,
    transferKinds: shape.TRANSFER_KINDS,
    callKinds: shape.CALL_KINDS,
    operationKinds: shape.OPERATION_KINDS,
    replyKinds: shape.REPLY_KINDS,
    stopCauses: STOP_CAUSES,
    ...encoder.tables(),
  }
}

function keptOf({ trace, counts }: RunResult): shape.Kept {
  const isWhole = trace.length === counts.events
  const fromMs = isWhole ? 0 : (trace[wholePartOf(trace)]?.atMs ?? 0)
  return { total: counts.events, kept: trace.length, fromMs, toMs: trace.at(-1)?.atMs ?? 0 }
}

class Encoder {
  readonly #texts = new InternTable()
  readonly #keys = new InternTable()
  readonly #writers = new InternTable()
  readonly #digests = new InternTable()
  readonly #faults = new InternTable()
  readonly #faultRows: shape.ReportFault[] = []
  readonly #events: shape.EventColumns = { number: [], afterUs: [], kind: [], node: [], reference: [] }
  readonly #transfers: shape.TransferColumns = { from: [], to: [], kind: [], size: [], writer: [], index: [], digest: [] }
  readonly #calls: shape.CallColumns = { client: [], kind: [], extra: [], count: [], reply: [], detail: [], writer: [], sequence: [] }
  readonly #operations: shape.OperationColumns = { kind: [], key: [], value: [] }
  readonly #entries: shape.EntryColumns = { writer: [], epoch: [], firstSequence: [], transactions: [], versions: [], dependencies: [] }
  readonly #versions: shape.VersionColumns = { sequence: [], key: [], value: [], timestamp: [] }
  readonly #appends: shape.AppendColumns = { writer: [], index: [], blocks: [] }
  readonly #frontiers: number[] = []
  readonly #transferRows = new Map<TransferId, number>()
  readonly #callRows = new Map<CallId, number>()
  /** What was encoded last, to write differences: frontiers by node, dependencies by writer. */
  readonly #frontierOf = new Map<NodeIndex, Map<WriterId, number>>()
  readonly #dependenciesOf = new Map<WriterId, Map<WriterId, number>>()
  readonly #names: string[] = []
  readonly #lastReference = new Map<number, number>()
  #lastNumber = 0
  #lastUs = 0
  #lastTimestamp = 0
  #lane = -1
  #versionsLeftOut = 0

  add(number: number, atMs: number, happening: Happening): void {
    const kind = shape.HAPPENING_KINDS.indexOf(happening.kind)
    const atUs = Math.round(atMs * US_PER_MS)
    this.#lane = -1
    const reference = this.#referenceOf(happening)
    this.#events.number.push(number - this.#lastNumber)
    this.#events.afterUs.push(atUs - this.#lastUs)
    this.#events.kind.push(kind)
    this.#events.node.push(this.#lane)
    this.#events.reference.push(reference - (this.#lastReference.get(kind) ?? 0))
    this.#lastReference.set(kind, reference)
    this.#lastNumber = number
    this.#lastUs = atUs
  }

  nodeNames(count: number): string[] {
    const names: string[] = []
    for (let node = 0; node < Math.max(count, this.#names.length); node++) names.push(this.#names[node] ?? `n${node + 1}`)
    return names
  }

  tables() {
    return {
      events: this.#events,
      transfers: this.#transfers,
      calls: this.#calls,
      operations: this.#operations,
      entries: this.#entries,
      versions: this.#versions,
      appends: this.#appends,
      frontiers: this.#frontiers,
      faults: this.#faultRows,
      keys: this.#keys.shown,
      texts: this.#texts.shown,
      writers: this.#writers.shown,
      digests: this.#digests.shown,
      versionsLeftOut: this.#versionsLeftOut,
    }
  }

  /** The row that an event refers to; notes the lane on the way. */
  #referenceOf(happening: Happening): number {
    switch (happening.kind) {
      case 'started':
        this.#lane = happening.node
        // A new life knows nothing until it has read its disk.
        this.#frontierOf.delete(happening.node)
        return happening.life
      case 'recovered':
      case 'persisted':
        this.#lane = happening.node
        return 0
      case 'stopped': {
        this.#lane = happening.node
        const { cause, failure } = happening
        return this.#texts.row(failure === null ? cause : `${cause} · ${failure.code}: ${failure.message}`)
      }
      case 'sealed':
        this.#lane = happening.node
        this.#names[happening.node] = nodeOfWriter(happening.entry.writer)
        return this.#entryRow(happening.entry)
      case 'appended':
        this.#lane = happening.node
        this.#appends.writer.push(this.#writers.row(happening.writer))
        this.#appends.index.push(happening.index)
        return this.#appends.blocks.push(happening.blocks) - 1
      case 'applied':
        this.#lane = happening.node
        return this.#frontierRow(happening.node, happening.frontier.entries())
      case 'room':
        this.#lane = happening.node
        return happening.hasRoom ? 1 : 0
      case 'log-failed':
        this.#lane = happening.node
        return this.#texts.row(`${happening.writer} ${happening.failure.kind}: ${happening.failure.reason}`)
      case 'chain-sealed':
      case 'chain':
        this.#lane = happening.node
        return this.#texts.row(happeningText(happening))
      case 'sent':
        this.#lane = happening.from
        return this.#transferRow(happening)
      case 'delivered':
      case 'dropped':
        return this.#endOfTransfer(happening.id)
      case 'connected':
      case 'disconnected':
        this.#lane = happening.left
        return happening.right
      case 'refused':
        this.#lane = happening.node
        return happening.by
      case 'invoked':
        this.#lane = happening.node
        return this.#callRow(happening.call, happening.client, happening.request)
      case 'answered':
        this.#lane = happening.node
        return this.#answer(happening.call, happening.reply)
      case 'unknown':
        this.#lane = happening.node
        return this.#callRows.get(happening.call) ?? -1
      case 'fault-began':
      case 'fault-ended':
        this.#lane = nodesOf(happening.fault)[0] ?? -1
        return this.#faultRow(happening.fault)
      case 'disk-replaced':
        this.#lane = happening.node
        return this.#texts.row(happening.by)
      case 'phase':
        return this.#texts.row(happening.phase)
      default:
        return unreachable(happening)
    }
  }

  #entryRow(entry: Entry): number {
    const row = this.#entries.writer.push(this.#writers.row(entry.writer)) - 1
    this.#entries.epoch.push(entry.epoch)
    this.#entries.firstSequence.push(entry.transactions[0]?.sequence ?? 0)
    this.#entries.transactions.push(entry.transactions.length)
    this.#writeRisen(this.#entries.dependencies, this.#dependenciesOf, entry.writer, entry.dependencies.toVector().entries())
    let versions = 0
    for (const { changes, sequence } of entry.transactions) {
      if (this.#versions.key.length + changes.length > VERSIONS_MAX) {
        this.#versionsLeftOut += changes.length
        continue
      }
      for (const { key, version } of changes) {
        this.#versions.sequence.push(sequence)
        this.#versions.key.push(this.#keys.keyRow(key))
        this.#versions.value.push(version.value === null ? -1 : this.#texts.row(previewValue(version.value)))
        this.#versions.timestamp.push(version.timestamp - this.#lastTimestamp)
        this.#lastTimestamp = version.timestamp
      }
      versions += changes.length
    }
    this.#entries.versions.push(versions)
    return row
  }

  #frontierRow(node: NodeIndex, frontier: Iterable<[WriterId, number]>): number {
    const offset = this.#frontiers.length
    this.#writeRisen(this.#frontiers, this.#frontierOf, node, frontier)
    return offset
  }

  /** Writes how many sequences rose since the last vector of `owner`, then each with its writer. */
  #writeRisen<Owner>(
    output: number[],
    lastOf: Map<Owner, Map<WriterId, number>>,
    owner: Owner,
    entries: Iterable<[WriterId, number]>,
  ): void {
    let last = lastOf.get(owner)
    if (last === undefined) {
      last = new Map()
      lastOf.set(owner, last)
    }
    const offset = output.push(0) - 1
    let risen = 0
    for (const [writer, sequence] of entries) {
      if (last.get(writer) === sequence) continue
      last.set(writer, sequence)
      output.push(this.#writers.row(writer), sequence)
      risen++
    }
    output[offset] = risen
  }

  #transferRow({ id, from, to, content }: Extract<Happening, { kind: 'sent' }>): number {
    const row = this.#transfers.from.push(from) - 1
    this.#transferRows.set(id, row)
    this.#transfers.to.push(to)
    if (content.kind === 'blocks') {
      this.#addTransfer('blocks', content.count, this.#writers.row(content.writer), content.from, -1)
    } else {
      const { of, digest, bytes } = content.kind === 'message' ? essenceOf(content.bytes) : content
      this.#addTransfer(of, bytes, -1, 0, digest === null ? -1 : this.#digests.row(digest))
    }
    return row
  }

  #addTransfer(kind: (typeof shape.TRANSFER_KINDS)[number], size: number, writer: shape.Row, index: number, digest: shape.Row): void {
    this.#transfers.kind.push(shape.TRANSFER_KINDS.indexOf(kind))
    this.#transfers.size.push(size)
    this.#transfers.writer.push(writer)
    this.#transfers.index.push(index)
    this.#transfers.digest.push(digest)
  }

  /** -1 if it was sent before the first event that is kept. */
  #endOfTransfer(id: TransferId): number {
    const row = this.#transferRows.get(id) ?? -1
    this.#lane = this.#transfers.to[row] ?? -1
    return row
  }

  #callRow(call: CallId, client: number, request: Request): number {
    const row = this.#calls.client.push(client) - 1
    this.#callRows.set(call, row)
    this.#calls.kind.push(shape.CALL_KINDS.indexOf(request.kind))
    this.#calls.reply.push(-1)
    this.#calls.detail.push(-1)
    this.#calls.writer.push(-1)
    this.#calls.sequence.push(0)
    const before = this.#operations.kind.length
    const extra = this.#addOperations(request)
    this.#calls.extra.push(extra === '' ? -1 : this.#texts.row(extra))
    this.#calls.count.push(this.#operations.kind.length - before)
    return row
  }

  /** Writes what a request is about; returns the rest of it in words. */
  #addOperations(request: Request): string {
    switch (request.kind) {
      case 'get':
        this.#addOperation('get', this.#keys.keyRow(request.key), -1)
        return request.session === null ? '' : 'in a session'
      case 'scan':
        this.#addOperation('scan', request.range.start === null ? -1 : this.#keys.keyRow(request.range.start), -1)
        return `at most ${request.limit}${request.range.reverse ? ', backwards' : ''}`
      case 'transaction': {
        this.#addConditions(request.conditions)
        for (const operation of request.operations) this.#addOperationOf(operation)
        const concern = request.concern === 1 ? '' : `w=${request.concern}`
        const idempotent = request.idempotencyKey === null ? '' : 'idempotent'
        return [concern, idempotent, request.session === null ? '' : 'in a session'].filter((words) => words !== '').join(', ')
      }
      case 'procedure':
        this.#addConditions(request.conditions)
        for (const key of request.procedure.keys) this.#addOperation('set', this.#keys.keyRow(key), -1)
        return 'computed'
      case 'inspect':
        for (const key of request.inspection.keys) this.#addOperation('get', this.#keys.keyRow(key), -1)
        return ''
      case 'copies':
        return `until ${request.wanted} nodes hold ${formatDot(request.version)}`
      case 'conflicts':
        this.#addOperation('conflicts', request.key === null ? -1 : this.#keys.keyRow(request.key), -1)
        return ''
      case 'status':
        return ''
      case 'mode':
        return request.mode
      case 'promote':
        return request.node
      case 'members':
        return `${request.change} ${request.node}`
      default:
        return unreachable(request)
    }
  }

  #addConditions(conditions: readonly Condition[]): void {
    for (const condition of conditions) {
      const version = condition.kind === 'version' ? this.#texts.row(formatDot(condition.version)) : -1
      this.#addOperation(condition.kind === 'version' ? 'if-version' : 'if-absent', this.#keys.keyRow(condition.key), version)
    }
  }

  #addOperationOf(operation: Operation): void {
    const key = this.#keys.keyRow(operation.key)
    switch (operation.kind) {
      case 'set':
        return this.#addOperation('set', key, this.#texts.row(previewValue(operation.value)))
      case 'delete':
        return this.#addOperation('delete', key, -1)
      case 'restore':
        return this.#addOperation('restore', key, this.#texts.row(formatDot(operation.version)))
      default:
        return unreachable(operation)
    }
  }

  #addOperation(kind: (typeof shape.OPERATION_KINDS)[number], key: shape.Row, value: shape.Row): void {
    this.#operations.kind.push(shape.OPERATION_KINDS.indexOf(kind))
    this.#operations.key.push(key)
    this.#operations.value.push(value)
  }

  /** -1 if it was asked before the first event that is kept. */
  #answer(call: CallId, reply: Reply): number {
    const row = this.#callRows.get(call)
    if (row === undefined) return -1
    this.#calls.reply[row] = shape.REPLY_KINDS.indexOf(reply.kind)
    const { detail, dot } = answerOf(reply)
    this.#calls.detail[row] = detail === null ? -1 : this.#texts.row(detail)
    if (dot !== null) {
      this.#calls.writer[row] = this.#writers.row(dot.writer)
      this.#calls.sequence[row] = dot.sequence
    }
    return row
  }

  #faultRow(fault: Fault): number {
    const row = this.#faults.row(JSON.stringify(fault))
    if (row === this.#faultRows.length) {
      this.#faultRows.push({ kind: fault.kind, text: faultText(fault), nodes: nodesOf(fault), directions: directionsOf(fault) })
    }
    return row
  }
}
