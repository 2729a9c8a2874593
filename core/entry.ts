/**
 * The blocks of a log (LG1). Block 0 is the header; each later block holds one or more entries.
 * An entry is one group commit, with the transactions of many requests, applied whole.
 *
 *     header   1 · format · group · writer · directory · epoch · continues · chain link (`leader-mode/chain-link.ts`)
 *     entry    2 · body: flags · dependencies (delta) · first sequence · transactions
 *     carried  3 · writer · epoch · count · bodies: entries of an earlier log of the node (JR8)
 *
 * An entry is encoded once; the same bytes go to the journal, the hypercore and the peers. All
 * decoding is bounded, and a malformed block is a value (`MalformedError`), never a crash (LG4).
 */

import {
  BATCH_OPERATIONS_MAX,
  BLOCK_BYTES_MAX,
  ByteReader,
  ByteWriter,
  type DirectoryId,
  type Epoch,
  fromHex,
  IDEMPOTENCY_KEY_BYTES_MAX,
  isDirectoryId,
  isKey,
  KEY_BYTES_MAX,
  type Key,
  MalformedError,
  nodeOfWriter,
  present,
  type Timestamp,
  toHex,
  unreachable,
  VALUE_BYTES_MAX,
  type WriterId,
} from '../base/index.ts'
import { Dependencies, decodeWriterId, decodeWriterOrNone, isTimestamp, type Value, type ValueType, type Version } from '../crdt/index.ts'
import { type GroupName, parseGroupName } from './group.ts'
import { type ChainLink, decodeChainLink, encodeChainLink } from './leader-mode/chain-link.ts'

export const FORMAT_VERSION = 1

const HEADER = 1
const ENTRY = 2
const CARRIED = 3
/** Small entries fill a block of `ENTRY_BYTES_TARGET` before they are so many. */
const BLOCK_ENTRIES_MAX = 8192
/** Flag of an entry: its writer waits for a write concern, so peers report at once. */
const REPORT_WANTED = 1

const DELETE = 0
const VALUE_TYPES: readonly ValueType[] = ['json', 'text', 'bytes']
/** Bit of an operation's tag: a deadline follows. */
const HAS_DEADLINE = 0x10
const TRANSACTIONS_MAX = 65_536
const DIRECTORY_BYTES = 16

export interface Header {
  readonly group: GroupName
  readonly writer: WriterId
  readonly directory: DirectoryId
  readonly epoch: Epoch
  /** The node's log before this one. It limits nothing. */
  readonly continues: WriterId | null
  readonly chain: ChainLink
}

export interface Change {
  readonly key: Key
  readonly version: Version
}

export interface Transaction {
  readonly sequence: number
  readonly idempotencyKey: string | null
  /** At least one. A key appears once. */
  readonly changes: readonly Change[]
}

export interface Entry {
  readonly writer: WriterId
  readonly epoch: Epoch
  readonly dependencies: Dependencies
  /** At least one, with consecutive sequences and rising timestamps. */
  readonly transactions: readonly Transaction[]
  readonly reportWanted: boolean
}

/** What the entry after a given one is decoded against. */
export interface EntryContext {
  readonly writer: WriterId
  readonly epoch: Epoch
  /** The last sequence before it; 0 at the start of a log, null if any may follow. */
  readonly sequence: number | null
  /** The last timestamp before it. */
  readonly timestamp: number
  readonly dependencies: Dependencies
}

export function encodeHeader(header: Header): Uint8Array {
  const output = new ByteWriter()
    .byte(HEADER)
    .uint(FORMAT_VERSION)
    .binary(header.group)
    .binary(header.writer)
    .fixed(present(fromHex(header.directory), 'a directory id is hexadecimal'))
    .uint(header.epoch)
    .binary(header.continues ?? '')
  encodeChainLink(output, header.epoch, header.chain)
  return output.finish()
}

/** @throws MalformedError */
export function decodeHeader(block: Uint8Array): Header {
  const reader = new ByteReader(block)
  if (reader.byte() !== HEADER) throw new MalformedError('the first block is no header')
  const format = reader.uint()
  if (format !== FORMAT_VERSION)
    throw new MalformedError(`the log has format ${format}, this version reads ${FORMAT_VERSION}: upgrade this node`)
  const group = parseGroupName(reader.binary(64))
  if (group === null) throw new MalformedError('the header names no group')
  const writer = decodeWriterId(reader)
  const directory = toHex(reader.fixed(DIRECTORY_BYTES))
  if (!isDirectoryId(directory)) throw new MalformedError('the header names no directory')
  const epoch = reader.uint() as Epoch
  if (epoch < 1) throw new MalformedError('epochs start at 1')
  const continues = decodeWriterOrNone(reader)
  const chain = decodeChainLink(reader, epoch)
  reader.end()
  return { group, writer, directory, epoch, continues, chain }
}

/** Encodes into a writer that is reused from entry to entry. */
export function encodeEntry(output: ByteWriter, entry: Entry, previous: Dependencies): Uint8Array {
  encodeBody(output.byte(ENTRY), entry, previous)
  return output.finish()
}

/** Encodes entries of one earlier log of the node, consecutive there, to be carried by its log of today (JR8). */
export function encodeCarried(entries: readonly Entry[]): Uint8Array {
  const { writer, epoch } = present(entries[0], 'something is carried')
  const output = new ByteWriter().byte(CARRIED).binary(writer).uint(epoch).uint(entries.length)
  let previous = Dependencies.none()
  for (const entry of entries) {
    const dependencies = previous.advance(entry.dependencies.toVector(), writer)
    encodeBody(output, { ...entry, dependencies }, previous)
    previous = dependencies
  }
  return output.finish()
}

function encodeBody(output: ByteWriter, entry: Entry, previous: Dependencies): void {
  output.uint(entry.reportWanted ? REPORT_WANTED : 0)
  entry.dependencies.encodeSince(previous, output)
  const first = present(entry.transactions[0], 'an entry has a transaction')
  output.uint(first.sequence).uint(entry.transactions.length)
  let timestamp = 0
  for (const transaction of entry.transactions) {
    const version = present(transaction.changes[0], 'a transaction has a change').version
    output
      .uint(version.timestamp - timestamp)
      .binary(transaction.idempotencyKey ?? '')
      .uint(transaction.changes.length)
    timestamp = version.timestamp
    for (const change of transaction.changes) encodeChange(output, change)
  }
}

/**
 * The entries of a block after the header, in order: the log's own and carried ones.
 * @throws MalformedError
 */
export function decodeEntries(block: Uint8Array, context: EntryContext): Entry[] {
  if (block.length > BLOCK_BYTES_MAX) throw new MalformedError(`a block has ${block.length} bytes, at most ${BLOCK_BYTES_MAX} are allowed`)
  const reader = new ByteReader(block)
  const entries: Entry[] = []
  let next = context
  do {
    const kind = reader.byte()
    if (kind === CARRIED) {
      for (const entry of decodeCarried(reader, context)) entries.push(entry)
    } else if (kind === ENTRY) {
      const entry = decodeBody(reader, next)
      entries.push(entry)
      next = contextAfter(entry)
    } else {
      throw new MalformedError(`the block has an entry of the unknown kind ${kind}`)
    }
    if (entries.length > BLOCK_ENTRIES_MAX) throw new MalformedError(`a block has more than ${BLOCK_ENTRIES_MAX} entries`)
  } while (reader.remaining > 0)
  return entries
}

/** What the first entry of a log is decoded against. */
export function contextAfterHeader({ writer, epoch }: Header): EntryContext {
  return { writer, epoch, sequence: 0, timestamp: 0, dependencies: Dependencies.none() }
}

/** What the entry after `entry` in its log is decoded against. */
export function contextAfter(entry: Entry): EntryContext {
  const { writer, epoch, dependencies } = entry
  const { sequence, timestamp } = lastOf(entry)
  return { writer, epoch, sequence, timestamp, dependencies }
}

/** Sequence and timestamp of an entry's last transaction. */
export function lastOf(entry: Entry): { readonly sequence: number; readonly timestamp: Timestamp } {
  const { sequence, changes } = present(entry.transactions.at(-1), 'an entry has a transaction')
  return { sequence, timestamp: present(changes[0], 'a transaction has a change').version.timestamp }
}

function decodeCarried(reader: ByteReader, { writer: carrier, epoch: latest }: EntryContext): Entry[] {
  const writer = decodeWriterId(reader)
  if (writer === carrier || nodeOfWriter(writer) !== nodeOfWriter(carrier))
    throw new MalformedError(`${carrier} carries entries of ${writer}`)
  const epoch = reader.uint(latest) as Epoch
  const count = reader.uint(BLOCK_ENTRIES_MAX)
  if (epoch < 1 || count === 0) throw new MalformedError('nothing is carried')
  const entries: Entry[] = []
  let next: EntryContext = { writer, epoch, sequence: null, timestamp: 0, dependencies: Dependencies.none() }
  for (let i = 0; i < count; i++) {
    const entry = decodeBody(reader, next)
    entries.push(entry)
    next = contextAfter(entry)
  }
  return entries
}

function decodeBody(reader: ByteReader, context: EntryContext): Entry {
  const flags = reader.uint(REPORT_WANTED)
  const dependencies = context.dependencies.decodeNext(reader)
  if (dependencies.get(context.writer) !== 0) throw new MalformedError('an entry depends on its own log')
  const first = reader.uint()
  if (first === 0 || (context.sequence !== null && first !== context.sequence + 1))
    throw new MalformedError(`transaction ${first} follows transaction ${context.sequence}`)
  const count = reader.uint(TRANSACTIONS_MAX)
  if (count === 0) throw new MalformedError('an entry is empty')
  const transactions: Transaction[] = []
  let timestamp = 0
  for (let i = 0; i < count; i++) {
    const previous = i === 0 ? context.timestamp : timestamp
    timestamp += reader.uint()
    if (timestamp <= previous || !isTimestamp(timestamp)) throw new MalformedError('timestamps do not rise along the log')
    const dot = { writer: context.writer, sequence: first + i }
    const idempotencyKey = reader.binary(IDEMPOTENCY_KEY_BYTES_MAX) || null
    const operations = reader.uint(BATCH_OPERATIONS_MAX)
    if (operations === 0) throw new MalformedError('a transaction is empty')
    const changes: Change[] = []
    for (let k = 0; k < operations; k++) {
      const { key, value, deadlineMs } = decodeChange(reader)
      changes.push({ key, version: { dot, epoch: context.epoch, timestamp, value, deadlineMs, dependencies } })
    }
    transactions.push({ sequence: dot.sequence, idempotencyKey, changes })
  }
  return { writer: context.writer, epoch: context.epoch, dependencies, transactions, reportWanted: flags === REPORT_WANTED }
}

function encodeChange(output: ByteWriter, change: Change): void {
  const { value, deadlineMs } = change.version
  if (value === null) {
    output.byte(DELETE).binary(change.key)
    return
  }
  const tag = tagOf(value.type)
  if (deadlineMs === null) output.byte(tag).binary(change.key)
  else
    output
      .byte(tag | HAS_DEADLINE)
      .binary(change.key)
      .uint(deadlineMs)
  output.binary(value.data)
}

function decodeChange(reader: ByteReader): { key: Key; value: Value | null; deadlineMs: number | null } {
  const tag = reader.byte()
  const key = reader.binary(KEY_BYTES_MAX)
  if (!isKey(key)) throw new MalformedError('a key is empty')
  if (tag === DELETE) return { key, value: null, deadlineMs: null }
  const type = VALUE_TYPES[(tag & ~HAS_DEADLINE) - 1]
  if (type === undefined) throw new MalformedError(`an operation has the unknown tag ${tag}`)
  const deadlineMs = (tag & HAS_DEADLINE) === 0 ? null : reader.uint()
  return { key, value: { type, data: reader.binary(VALUE_BYTES_MAX) }, deadlineMs }
}

function tagOf(type: ValueType): number {
  switch (type) {
    case 'json':
      return 1
    case 'text':
      return 2
    case 'bytes':
      return 3
    default:
      return unreachable(type)
  }
}
