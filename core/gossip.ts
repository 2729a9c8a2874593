/**
 * What is said to peers, and what is done with what they say: logs are announced, heartbeats carry
 * the rest, and what members say about leading goes on to the leader mode.
 */

import { type DirectoryId, type LogKey, MalformedError, type NodeName, type Now, present, type WriterId } from '../base/index.ts'
import type { Delivery } from './delivery.ts'
import type { Effect } from './effects.ts'
import type { LeaderMode } from './leader-mode/leader-mode.ts'
import { ANNOUNCED_LOGS_MAX, type AnnouncedLog, decodeMessage, encodeMessage, type Message } from './message.ts'
import type { Peers } from './peers.ts'
import type { LogFailure } from './ports.ts'
import { PUSHED_BYTES_MAX, type PushedBlock } from './pushed-blocks.ts'

export interface GossipContext {
  readonly peers: Peers
  readonly delivery: Delivery
  readonly mode: LeaderMode
  /** Where clients reach this node over HTTP; null if nowhere. */
  readonly url: () => string | null
  readonly digest: () => string
  now(): Now
  emit(effect: Effect): void
  failLog(writer: WriterId, failure: LogFailure): void
  /** A peer has reported anew what it holds. */
  reported(): void
  /** A peer has pushed a block of its log. */
  pushed(block: PushedBlock): void
}

export class Gossip {
  readonly #context: GossipContext
  /** Peers that saw another process under this node's name (ID5). */
  readonly #contestedBy = new Set<NodeName>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  get isNameContested(): boolean {
    return this.#contestedBy.size > 0
  }

  connect(peer: NodeName, directory: DirectoryId): void {
    const { peers, mode, delivery } = this.#context
    peers.connect(peer, directory, this.#context.now())
    mode.members.meet(peer, directory)
    this.#announce(delivery.known.announced(), [peer])
    this.#sendHeartbeat(peer)
  }

  disconnect(peer: NodeName): void {
    const { peers, mode } = this.#context
    const directory = peers.directoryOf(peer)
    this.#contestedBy.delete(peer)
    peers.disconnect(peer)
    if (directory !== null && mode.members.removed.has(directory)) peers.forget(peer)
  }

  /** The chain says anew who the members are: who is none any more is let go (MB4). */
  seat(): void {
    const { peers, mode } = this.#context
    peers.setMembers(mode.members.names)
    for (const peer of peers.connected()) {
      const directory = peers.directoryOf(peer)
      if (directory !== null && mode.members.removed.has(directory)) this.#context.emit({ kind: 'dismiss', peer })
    }
  }

  receive(from: NodeName, bytes: Uint8Array): void {
    const { peers, mode } = this.#context
    const message = this.#decode(from, bytes)
    if (message === null) return
    switch (message.kind) {
      case 'announce': {
        const learned = message.logs.filter((log) => this.#learn(log))
        return this.#announce(
          learned,
          peers.connected().filter((peer) => peer !== from),
        )
      }
      case 'heartbeat':
        peers.hear(from, message, this.#context.now())
        if (message.nameContested) this.#contestedBy.add(from)
        else this.#contestedBy.delete(from)
        this.#context.reported()
        if (this.#isForeign(from)) return
        if (message.committed !== null) mode.learnCommit(message.committed)
        return mode.hearPromise(message.promised)
      case 'push':
        return this.#context.pushed(message)
      default:
        return this.#isForeign(from) ? undefined : mode.receive(from, message)
    }
  }

  /** Connected peers of another cluster. */
  get foreign(): readonly NodeName[] {
    return this.#context.peers.connected().filter((peer) => this.#isForeign(peer))
  }

  /**
   * True if a peer follows a chain that was begun apart from this node's: two clusters with one secret. Their multi
   * entries merge; who leads the one is nobody in the other.
   */
  #isForeign(peer: NodeName): boolean {
    const [own, theirs] = [this.#context.mode.members.beginning, this.#context.peers.beginningOf(peer)]
    return own !== null && theirs !== null && own !== theirs
  }

  /** A log of this node has a key: from now on peers can ask for it. */
  announceOwn(writer: WriterId, key: LogKey): void {
    this.#announce([{ writer, key }], this.#context.peers.connected())
  }

  /** Blocks of an own log may travel: the peers in reach get them at once, without asking for them (LG5). */
  push(writer: WriterId, index: number, blocks: readonly Uint8Array[], signatures: readonly Uint8Array[]): void {
    const peers = this.#context.peers.connected()
    if (peers.length === 0) return
    for (const [offset, bytes] of blocks.entries()) {
      const signature = present(signatures[offset], 'each block has its signature')
      if (bytes.length > PUSHED_BYTES_MAX) return
      const message = encodeMessage({ kind: 'push', writer, index: index + offset, block: { bytes, signature } })
      for (const to of peers) this.#context.emit({ kind: 'send', to, message })
    }
  }

  sendHeartbeats(): void {
    for (const peer of this.#context.peers.connected()) this.#sendHeartbeat(peer)
  }

  #decode(from: NodeName, bytes: Uint8Array): Message | null {
    try {
      return decodeMessage(bytes)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#context.emit({ kind: 'expel', peer: from, reason: error.message })
      return null
    }
  }

  /** True if the log is new here. */
  #learn(log: AnnouncedLog): boolean {
    const { delivery } = this.#context
    const known = delivery.known.keyOf(log.writer)
    if (known === null || known === log.key) return delivery.learn(log)
    this.#context.failLog(log.writer, { kind: 'forked', reason: `two logs claim this writer: ${known} and ${log.key}` })
    return false
  }

  #announce(logs: readonly AnnouncedLog[], peers: readonly NodeName[]): void {
    for (let start = 0; start < logs.length; start += ANNOUNCED_LOGS_MAX) {
      const message = encodeMessage({ kind: 'announce', logs: logs.slice(start, start + ANNOUNCED_LOGS_MAX) })
      for (const to of peers) this.#context.emit({ kind: 'send', to, message })
    }
  }

  #sendHeartbeat(to: NodeName): void {
    const { peers, mode } = this.#context
    const now = this.#context.now()
    const message = encodeMessage({
      kind: 'heartbeat',
      sentAtMs: now.monotonicMs,
      wallMs: now.wallMs,
      echo: peers.echoFor(to, now),
      epoch: mode.epoch,
      promised: mode.promised,
      committed: mode.committed,
      beginning: mode.members.beginning,
      founders: mode.members.founders,
      url: this.#context.url() ?? '',
      frontier: mode.report,
      digest: this.#context.digest(),
      reaches: peers.connected(),
      nameContested: peers.isContested(to, now),
    })
    this.#context.emit({ kind: 'send', to, message })
  }
}
