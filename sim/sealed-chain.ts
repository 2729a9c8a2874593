/**
 * Every block of a leader's log that any node sealed, as the tree that their headers make: what is
 * below a block, what the chain holds up to it, who votes there. Which branch is the chain, a run
 * shows: the furthest block that any node took for committed is remembered, for the invariants
 * to hold against it.
 *
 * A block costs a copy of a frontier. Nothing is taken out.
 */

import { type DirectoryId, type Epoch, FIRST_EPOCH, isLeaderEpoch, present, type WriterId } from '../base/index.ts'
import { type BlockHash, type ChainBlock, type ChainPlace, type Header, isFurther, multiEpochAfter, type Voter } from '../core/index.ts'
import { type ReadonlyVersionVector, type Version, VersionVector } from '../crdt/index.ts'
import type { NodeIndex } from './fault.ts'
import { epochOf, type SealedTransaction } from './sealed-transactions.ts'
import type { Happening } from './trace.ts'

type ChainSealed = Extract<Happening, { readonly kind: 'chain-sealed' }>

export interface SealedBlock {
  readonly writer: WriterId
  readonly epoch: Epoch
  readonly index: number
  readonly hash: BlockHash
  readonly block: ChainBlock
  readonly node: NodeIndex
  /** Number of the event in which it was sealed. */
  readonly sealedAt: number
  /** Its node reported it durable. */
  isDurable: boolean
  /** Null at the beginning of the chain, and if a header follows what nobody sealed. */
  readonly below: SealedBlock | null
  /** Everything that the chain holds up to here: its own entries, and what it adopts. */
  readonly contents: ReadonlyVersionVector
  /** What it adopts, up to here. */
  readonly adopted: ReadonlyVersionVector
  readonly voters: readonly Voter[]
  /** What says up to here which deadlines have passed (RG6), the latest last; what a later one covers is left out. */
  readonly expired: readonly Expired[]
  /** Directories that were removed up to here (MB4). */
  readonly removed: ReadonlySet<DirectoryId>
}

/** Every version of a lower (epoch, timestamp) is gone, if its deadline is at most `untilMs`. */
export interface Expired {
  readonly epoch: Epoch
  readonly timestamp: number
  readonly untilMs: number
}

interface ChainLog {
  readonly header: Header
  readonly blocks: SealedBlock[]
}

export class SealedChain {
  readonly #logs = new Map<WriterId, ChainLog>()
  /** By node: sealed, and not durable yet. */
  readonly #open = new Map<NodeIndex, SealedBlock[]>()
  readonly #adopted = new VersionVector()
  #committed: SealedBlock | null = null

  /** Headers of leaders' logs, in the order in which they were sealed. */
  get headers(): readonly SealedBlock[] {
    return [...this.#logs.values()].flatMap(({ blocks }) => blocks.slice(0, 1))
  }

  /** The furthest block that a node took for committed. */
  get committed(): SealedBlock | null {
    return this.#committed
  }

  add({ node, writer, index, hash, block }: ChainSealed, sealedAt: number): SealedBlock | null {
    if (block.kind === 'header') {
      if (!isLeaderEpoch(block.header.epoch)) return null
      this.#logs.set(writer, { header: block.header, blocks: [] })
    }
    const { header, blocks } = present(this.#logs.get(writer), 'a log begins with its header')
    const { follows } = header.chain
    const below = blocks.at(-1) ?? (follows === null ? null : this.at(follows))
    const adopts = adoptedBy(block)
    if (adopts !== null) this.#adopted.join(adopts)
    const sealed = {
      writer,
      epoch: header.epoch,
      index,
      hash,
      block,
      node,
      sealedAt,
      isDurable: false,
      below,
      contents: contentsAfter(below, block),
      adopted: adopts === null ? (below?.adopted ?? new VersionVector()) : joined(below?.adopted, adopts),
      voters: votersAfter(below, block),
      expired: expiredAfter(below, header.epoch, block),
      removed: removedAfter(below, block),
    }
    blocks.push(sealed)
    this.#open.set(node, [...(this.#open.get(node) ?? []), sealed])
    return sealed
  }

  /** What a node sealed is durable. */
  persisted(node: NodeIndex): void {
    for (const block of this.#open.get(node) ?? []) block.isDurable = true
    this.#open.delete(node)
  }

  /** A life is over: what it had not made durable counts no more. */
  restart(node: NodeIndex): void {
    this.#open.delete(node)
  }

  /** The last block of a length of a log, or null if nobody sealed it. */
  at({ writer, length }: Pick<ChainPlace, 'writer' | 'length'>): SealedBlock | null {
    return this.#logs.get(writer)?.blocks[length - 1] ?? null
  }

  /** The header of the log in which a block is. */
  headerOf({ writer }: SealedBlock): SealedBlock {
    return present(this.at({ writer, length: 1 }), 'a log has its header')
  }

  /** True if `lower` is `upper`, or below it. */
  isOnPath(lower: SealedBlock, upper: SealedBlock): boolean {
    for (let block: SealedBlock | null = upper; block !== null; block = this.headerOf(block).below) {
      if (block.writer === lower.writer) return lower.index <= block.index
      if (block.epoch < lower.epoch) return false
    }
    return false
  }

  /** The block of a leader's log that holds a transaction, or null. */
  blockOf({ dot }: SealedTransaction): SealedBlock | null {
    const blocks = this.#logs.get(dot.writer)?.blocks ?? []
    let low = 0
    let high = blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((blocks[middle]?.contents.get(dot.writer) ?? 0) < dot.sequence) low = middle + 1
      else high = middle
    }
    return blocks[low] ?? null
  }

  /** True if the chain, or some block of it that may be dead, holds or adopts the transaction. */
  isOf(transaction: SealedTransaction): boolean {
    return isLeaderEpoch(epochOf(transaction)) || this.#adopted.has(transaction.dot)
  }

  /** True if the chain below a log's header wants the multi mode, and its leader was not asked for after that (EP5). */
  mustEnd(header: SealedBlock): boolean {
    const asked = new Set<Epoch | null>()
    for (let log: SealedBlock | null = header; log !== null; ) {
      if (log.block.kind === 'header') asked.add(log.block.header.chain.leadership?.asked ?? null)
      const { below }: SealedBlock = log
      if (below === null) return !asked.has(FIRST_EPOCH)
      if (below.block.kind === 'end') return !asked.has(multiEpochAfter(below.epoch))
      log = this.headerOf(below)
    }
    return false
  }

  /** A node took this block for committed, and all have looked at it. */
  noteCommitted(place: ChainPlace): void {
    const block = this.at(place)
    const known = this.#committed
    if (block !== null && (known === null || isFurther(place, { epoch: known.epoch, length: known.index + 1 }))) this.#committed = block
  }
}

/** How many of so many nodes are a majority: told here, for a check is no check that shares the mistake. */
export function majorityOf(nodes: number): number {
  return (nodes >> 1) + 1
}

function adoptedBy(block: ChainBlock): ReadonlyVersionVector | null {
  if (block.kind === 'adopt') return block.adopts
  return block.kind === 'header' ? (block.header.chain.leadership?.adopts ?? null) : null
}

function contentsAfter(below: SealedBlock | null, block: ChainBlock): ReadonlyVersionVector {
  const before = below?.contents ?? new VersionVector()
  const adopts = adoptedBy(block)
  if (adopts !== null) return joined(before, adopts)
  if (block.kind !== 'entry') return before
  const { writer, transactions } = block.entry
  const contents = before.copy()
  contents.advance(writer, transactions.at(-1)?.sequence ?? 0)
  return contents
}

function votersAfter(below: SealedBlock | null, block: ChainBlock): readonly Voter[] {
  if (block.kind === 'voters') return block.voters
  if (block.kind === 'header') return block.header.chain.leadership?.voters ?? []
  return below?.voters ?? []
}

function expiredAfter(below: SealedBlock | null, epoch: Epoch, block: ChainBlock): readonly Expired[] {
  const before = below?.expired ?? []
  if (block.kind !== 'expire' && block.kind !== 'header') return before
  const [timestamp, untilMs] =
    block.kind === 'expire' ? [block.timestamp, block.untilMs] : [0, block.header.chain.leadership?.expiredMs ?? 0]
  return [...before.filter((earlier) => earlier.untilMs > untilMs), { epoch, timestamp, untilMs }]
}

/** True if the chain says that the version's deadline has passed. */
export function isExpired({ epoch, timestamp, deadlineMs }: Version, expired: readonly Expired[]): boolean {
  if (deadlineMs === null) return false
  return expired.some((by) => deadlineMs <= by.untilMs && (by.epoch > epoch || (by.epoch === epoch && by.timestamp > timestamp)))
}

function removedAfter(below: SealedBlock | null, block: ChainBlock): ReadonlySet<DirectoryId> {
  const before = below?.removed ?? new Set<DirectoryId>()
  return block.kind === 'voters' && block.removed.length > 0 ? new Set([...before, ...block.removed]) : before
}

function joined(before: ReadonlyVersionVector | undefined, more: ReadonlyVersionVector): VersionVector {
  return (before?.copy() ?? new VersionVector()).join(more)
}
