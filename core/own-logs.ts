/**
 * The logs that this node writes in this life (ID3): one at a time, a new one in each epoch, and anew if
 * it went out of service. A log that is not written any more stays here until its last block has
 * left for the log store.
 */

import { type DirectoryId, type Epoch, makeWriterId, type NodeName, type Prng, type WriterId } from '../base/index.ts'
import { Dependencies } from '../crdt/index.ts'
import type { Delivery } from './delivery.ts'
import type { Effect } from './effects.ts'
import { encodeHeader, type Header } from './entry.ts'
import type { GroupName } from './group.ts'
import type { ChainLink } from './leader-mode/chain-link.ts'
import { LogTail } from './log-tail.ts'
import type { JournalRecord } from './ports.ts'

export interface OwnLog {
  readonly header: Header
  readonly tail: LogTail
  /** Of the last transaction that is durable. */
  sequence: number
  dependencies: Dependencies
}

export interface OwnLogsContext {
  readonly group: GroupName
  readonly node: NodeName
  readonly directory: DirectoryId
  readonly random: Prng
  readonly delivery: Delivery
  emit(effect: Effect): void
}

export class OwnLogs {
  readonly #context: OwnLogsContext
  #active: OwnLog | null = null
  readonly #retired = new Set<OwnLog>()

  constructor(context: OwnLogsContext) {
    this.#context = context
  }

  /** The log of today; null before the first write of this life, and after a leader was deposed. */
  get active(): OwnLog | null {
    return this.#active
  }

  /** True if the log store has every block. */
  get isDrained(): boolean {
    return this.#retired.size === 0 && (this.#active?.tail.isDrained ?? true)
  }

  open(epoch: Epoch, chain: ChainLink): OwnLog {
    this.retire()
    const { group, node, directory, random, delivery } = this.#context
    let writer = makeWriterId(node, random.uint32())
    while (delivery.known.has(writer)) writer = makeWriterId(node, random.uint32())
    const header: Header = { group, writer, directory, epoch, continues: delivery.known.lastLogOf(node), chain }
    delivery.activate(header)
    const log: OwnLog = { header, tail: new LogTail(), sequence: 0, dependencies: Dependencies.none() }
    this.#active = log
    return log
  }

  /** Nothing more is sealed into the log of today; what is sealed still leaves. */
  retire(): void {
    if (this.#active !== null) this.#context.delivery.known.retire(this.#active.header.writer)
    if (this.#active !== null && !this.#active.tail.isDrained) this.#retired.add(this.#active)
    this.#active = null
  }

  /** Adds the records of a part of a block, and of the header before the first. */
  sealPart(log: OwnLog, part: Uint8Array, records: JournalRecord[]): void {
    const { group, writer } = log.header
    if (log.tail.isEmpty) {
      const header = encodeHeader(log.header)
      records.push({ kind: 'block', group, writer, bytes: header, ...log.tail.seal(header) })
    }
    records.push({ kind: 'block', group, writer, bytes: part, ...log.tail.seal(part) })
  }

  /** Adds the record of a block of a leader's log: nothing joins it, so a length says what it holds. */
  sealWhole(log: OwnLog, bytes: Uint8Array, records: JournalRecord[]): void {
    const { group, writer } = log.header
    records.push({ kind: 'block', group, writer, index: log.tail.sealWhole(bytes), bytes, whole: true })
  }

  /** What was sealed is durable. */
  land(log: OwnLog, transactions: number): void {
    log.tail.land()
    log.sequence += transactions
    this.#context.delivery.recordOwn(log.header.writer, log.tail.length, log.sequence)
  }

  /** Gives the log store what may leave. */
  handOver(log: OwnLog): void {
    const ready = log.tail.takeReady()
    if (ready !== null) this.#context.emit({ kind: 'append', writer: log.header.writer, ...ready })
  }

  /** Blocks of a log are in the log store: those that gathered meanwhile follow. */
  appended(writer: WriterId): void {
    const log = this.#active?.header.writer === writer ? this.#active : [...this.#retired].find(({ header }) => header.writer === writer)
    if (log === undefined) return
    log.tail.appended()
    this.handOver(log)
    if (log.tail.isDrained) this.#retired.delete(log)
  }
}

/** True if it is the log of a leader epoch. */
export function isLed({ header }: OwnLog): boolean {
  return header.chain.leadership !== null
}
