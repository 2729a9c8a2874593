/**
 * What the replica needs from the world, as interfaces. Each has a real part and, for the
 * simulator, a twin; both pass the same contract suite (`test/contract/`).
 *
 * Completions are callbacks, not promises: the replica's folder knows no promise, and a twin can
 * call back in virtual time. A callback is never called before the call that took it returned.
 */

import type { DirectoryId, Key, LogKey, NodeName, Now, SkeinError, WriterId } from '../base/index.ts'
import type { DigestedRegister } from './digest.ts'
import type { SignedBlock } from './effects.ts'
import type { GroupName } from './group.ts'
import type { KeyRange } from './requests.ts'

/**
 * What a journal's frame holds: a block of this node's own log or the next part of one (records
 * with the same index are one block, in their order), or the facts of a group.
 */
export type JournalRecord =
  | {
      readonly kind: 'block'
      readonly group: GroupName
      readonly writer: WriterId
      readonly index: number
      readonly bytes: Uint8Array
      /** True if it continues the block of the record before: where it comes first, the block's beginning was given up. */
      readonly joins?: true
      /** True if nothing joins it, so that it is known to be whole. */
      readonly whole?: true
      /** Of a block that another node pushed here: its writer's signature over the log up to it (LG5). */
      readonly signature?: Uint8Array
    }
  /** The latest replaces all earlier ones of its group and survives recycling (JR7). */
  | { readonly kind: 'facts'; readonly group: GroupName; readonly bytes: Uint8Array }

/** The commit journal (JR1–JR4, JR7). */
export interface Journal {
  /**
   * Makes `records` durable with one write, after all earlier ones. One append is in flight at a
   * time: the next is made after `done`. A failure is final (JR4): the journal takes no more.
   */
  append(records: readonly JournalRecord[], done: (failure: SkeinError | null) => void): void
  /** Everything found at the opening, oldest first. */
  readonly recovered: readonly JournalRecord[]
  /** False once there is no room for more than what is in flight: writes get DISK_FULL. */
  readonly hasRoom: boolean
  /** How many blocks of a log are durable in the log store; segments below that are recycled (JR7). */
  release(durable: ReadonlyMap<WriterId, number>): void
  close(done: () => void): void
}

/** A log found in the store at its opening. */
export interface StoredLog {
  readonly writer: WriterId
  readonly key: LogKey
  /** Blocks held here without a gap from 0. */
  readonly length: number
}

/** The logs of all nodes (LG1–LG3). */
export interface LogStore {
  readonly stored: readonly StoredLog[]
  /**
   * Appends blocks of this node's own log at `index`, creating the log at index 0. Blocks that
   * are there already are compared and left. `done` gets the log's key.
   * @param signed called first, if the blocks are new: gets for each the signature over the log up to it
   */
  append(
    writer: WriterId,
    index: number,
    blocks: readonly Uint8Array[],
    signed: (signatures: readonly Uint8Array[]) => void,
    done: (key: LogKey) => void,
  ): void
  /**
   * Puts a block of a followed log into the copy here, out of turn: it was pushed, not fetched (LG5).
   * @param taken called if it fits: then the block will be in the copy before any that follows, and an open read
   *   that waited for it goes on behind it. Otherwise it is left, and fetched like any other
   */
  insert(writer: WriterId, index: number, block: SignedBlock, taken: () => void): void
  /** Keeps a copy of a log: its blocks are fetched from whichever peer has them. */
  follow(writer: WriterId, key: LogKey): void
  /**
   * Waits until the block at `from` is here, then hands over it and those after it, in order and
   * without a gap, at most `READ_BLOCKS_MAX` and about `READ_BYTES_MAX`. Only blocks that are
   * durable here are handed over (JR6). One read of a log is open at a time.
   * @param done gets the index of the first: past `from` if that was inserted meanwhile
   */
  read(writer: WriterId, from: number, done: (from: number, blocks: readonly Uint8Array[]) => void): void
  /** Makes all that was appended durable; `done` gets how many blocks of each own log are. */
  sync(done: (durable: ReadonlyMap<WriterId, number>) => void): void
  close(done: () => void): void
}

/** Why a log went out of service (LG2, LG4). */
export interface LogFailure {
  readonly kind: 'forked' | 'corrupt'
  readonly reason: string
}

export const READ_BLOCKS_MAX = 256
export const READ_BYTES_MAX = 1024 * 1024

/** The registers by key, in the order of their bytes. Synchronous: reads take no thread hop. */
export interface StateStore {
  get(key: Key): DigestedRegister | undefined
  put(key: Key, register: DigestedRegister): void
  /** In order (backwards if `reverse`). What is put during the iteration may be missed. */
  range(range: KeyRange): IterableIterator<[Key, DigestedRegister]>
  /** Keys with a conflict record, in order, from the first one after `after`. */
  conflicted(after: Key | null): IterableIterator<Key>
  /** Keys with a register, tombstones included. */
  readonly size: number
  /** Keys with a conflict record. */
  readonly conflictedSize: number
}

/** Authenticated connections to peers, by name. */
export interface Transport {
  /** Sends in order to a connected peer; to another one it is dropped. */
  send(to: NodeName, group: GroupName, message: Uint8Array): void
  /** Closes the connection of a peer that sent what no correct node sends. */
  expel(peer: NodeName, reason: string): void
  /** Closes the connection of a peer that is not wanted, or silent. It may connect again, as far as `admit` lets it. */
  dismiss(peer: NodeName): void
  close(done: () => void): void
}

export interface TransportEvents {
  /** Asked with each verified hello, before any replication: the reason to refuse it, or null (ID5). */
  admit(peer: NodeName, directory: DirectoryId, now: Now): PeerRefusal | null
  /** Called once a peer is connected; again only after `onDisconnect`. */
  onConnect(peer: NodeName, directory: DirectoryId): void
  onDisconnect(peer: NodeName): void
  onMessage(from: NodeName, group: GroupName, message: Uint8Array): void
  /** A peer refused this node. */
  onRefused(by: NodeName, refusal: PeerRefusal): void
}

/** Another live process has its name (ID5), or its directory was removed from the cluster (MB4). */
export type PeerRefusal = 'NAME_IN_USE' | 'REMOVED'
