/** What the leader mode asks of the replica around it. */

import type { DirectoryId, Epoch, NodeName, Now, Prng, SkeinError, WriterId } from '../../base/index.ts'
import type { HybridClock, ReadonlyVersionVector } from '../../crdt/index.ts'
import type { Entry } from '../entry.ts'
import type { Expiry } from '../expiry.ts'
import type { ReplicaConfig } from '../replica-config.ts'
import type { ReadRequest, Reply, RequestId } from '../requests.ts'
import type { ChainLink } from './chain-link.ts'
import type { LeaderMessage } from './message.ts'

export interface LeaderModeContext {
  readonly config: ReplicaConfig
  readonly random: Prng
  readonly frontier: ReadonlyVersionVector
  readonly expiry: Expiry
  readonly clock: HybridClock
  now(): Now
  apply(entry: Entry): void
  drain(): void
  resume(writer: WriterId): void
  /** The chain says anew who the members are. */
  seat(): void
  /** Multi entries that are durable here, wait, and could be applied in order (LM8); null if there are none. */
  adoptable(): ReadonlyVersionVector | null
  connected(): readonly NodeName[]
  directoryOf(peer: NodeName): DirectoryId | null
  /** The members by a connected peer's configuration; empty if it has a chain, null before it told. */
  foundersOf(peer: NodeName): readonly NodeName[] | null
  urlOf(node: NodeName): string | null
  isAble(): boolean
  /** The wall clock to stamp with (HL3). */
  stampingWallMs(): number
  send(to: NodeName, message: LeaderMessage): void
  /** Closes the connection to a peer. It may connect again. */
  dismiss(peer: NodeName): void
  reply(id: RequestId, reply: Reply): void
  read(request: ReadRequest): Reply
  askGather(): void
  /** Starts a durable write now, if none is under way. */
  persist(): void
  /** Opens the log of a leader epoch. */
  lead(epoch: Epoch, link: ChainLink): WriterId
  /** What the leader wrote last is committed. */
  publishCommitted(): void
  /** Not the leader any more: what is not committed is answered with `error`, or as unknown. */
  depose(error: SkeinError): void
  /** Answers what waits for a leader. */
  refuseGathered(error: SkeinError, which: 'all' | 'linearizable-reads'): void
}
