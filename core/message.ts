/**
 * Messages between the replicas of a group: binary, bounded.
 *
 * `announce` names logs by their keys, for a log can be found only by its key: a node tells what
 * it learned to all its peers, so that entries travel over relays. `push` is a block of the sender's
 * log, ahead of the log (LG5). `heartbeat` is everything
 * else a peer has to know: the durable frontier (JR6), the clock, who is reached. What members say
 * about leading is in `leader-mode/message.ts`.
 */

import {
  ByteReader,
  ByteWriter,
  type Epoch,
  fromHex,
  isLogKey,
  isNodeName,
  type LogKey,
  MalformedError,
  NODE_NAME_LENGTH_MAX,
  type NodeName,
  present,
  toHex,
  type WriterId,
} from '../base/index.ts'
import {
  decodeVector,
  decodeWriterId,
  decodeWriterOrNone,
  encodeVector,
  type ReadonlyVersionVector,
  type VersionVector,
} from '../crdt/index.ts'

import { decodeChainPlace, encodeChainPlace } from './leader-mode/chain-link.ts'
import { decodeLeaderMessage, encodeLeaderMessage, type LeaderMessage } from './leader-mode/message.ts'
import type { ChainPlace } from './leader-mode/position.ts'
import { decodeNames, encodeNames } from './leader-mode/voters.ts'
import { PUSHED_BYTES_MAX, type PushedBlock } from './pushed-blocks.ts'

const ANNOUNCE = 1
const HEARTBEAT = 2
/** After those of `leader-mode/message.ts`. */
const PUSH = 8
const KEY_BYTES = 32
/** An Ed25519 signature in hypercore's envelope takes 68. */
const SIGNATURE_BYTES_MAX = 128
const DIGEST_BYTES = 8
/** Logs in one announcement: about 50 bytes each. More go in several. */
export const ANNOUNCED_LOGS_MAX = 1024
/** Peers of one node. */
export const PEERS_MAX = 256
export const URL_LENGTH_MAX = 256

export interface AnnouncedLog {
  readonly writer: WriterId
  readonly key: LogKey
}

export interface Announce {
  readonly kind: 'announce'
  readonly logs: readonly AnnouncedLog[]
}

export interface Heartbeat {
  readonly kind: 'heartbeat'
  /** By the sender's monotonic clock. */
  readonly sentAtMs: number
  readonly wallMs: number
  /** The last heartbeat that the sender got from the receiver, for the round trip; null before the first. */
  readonly echo: { readonly sentAtMs: number; readonly heldMs: number } | null
  /** What the sender has entered and what it has promised (EP4). */
  readonly epoch: Epoch
  readonly promised: Epoch
  /** The furthest block of the chain that the sender knows to be committed. */
  readonly committed: ChainPlace | null
  /** The first log of the chain that the sender follows; null before any. */
  readonly beginning: WriterId | null
  /** The members by the sender's first start, until it has a chain that says who votes (MB1). */
  readonly founders: readonly NodeName[]
  /** Where clients reach the sender over HTTP; empty if nowhere. */
  readonly url: string
  /** What the sender holds durably and has applied. */
  readonly frontier: ReadonlyVersionVector
  readonly digest: string
  readonly reaches: readonly NodeName[]
  /** True if another process claims the receiver's name (ID5). */
  readonly nameContested: boolean
}

export interface Push extends PushedBlock {
  readonly kind: 'push'
}

export type Message = Announce | Push | (Heartbeat & { readonly frontier: VersionVector }) | LeaderMessage

export function encodeMessage(message: Announce | Push | Heartbeat | LeaderMessage): Uint8Array {
  const output = new ByteWriter()
  switch (message.kind) {
    case 'announce':
      output.byte(ANNOUNCE).uint(message.logs.length)
      for (const { writer, key } of message.logs) output.binary(writer).fixed(bytesOfHex(key))
      return output.finish()
    case 'push':
      return output.byte(PUSH).binary(message.writer).uint(message.index).bytes(message.block.signature).bytes(message.block.bytes).finish()
    case 'heartbeat':
      output.byte(HEARTBEAT).uint(Math.floor(message.sentAtMs)).uint(Math.floor(message.wallMs))
      if (message.echo === null) output.byte(0)
      else output.byte(1).uint(Math.floor(message.echo.sentAtMs)).uint(Math.floor(message.echo.heldMs))
      output
        .uint(message.epoch)
        .uint(message.promised)
        .byte(message.committed === null ? 0 : 1)
      if (message.committed !== null) encodeChainPlace(output, message.committed)
      output.binary(message.beginning ?? '')
      encodeNames(output, message.founders)
      output.binary(message.url)
      encodeVector(output, message.frontier)
      output.fixed(bytesOfHex(message.digest)).uint(message.reaches.length)
      for (const name of message.reaches) output.binary(name)
      return output.byte(message.nameContested ? 1 : 0).finish()
    default:
      return encodeLeaderMessage(message)
  }
}

/** True of a `push`, told from its first byte. */
export function isPush(message: Uint8Array): boolean {
  return message[0] === PUSH
}

/** @throws MalformedError */
export function decodeMessage(bytes: Uint8Array): Message {
  const input = new ByteReader(bytes)
  const kind = input.byte()
  const message = decodeKind(kind, input)
  if (message === null) throw new MalformedError(`a message has the unknown kind ${kind}`)
  input.end()
  return message
}

function decodeKind(kind: number, input: ByteReader): Message | null {
  switch (kind) {
    case ANNOUNCE:
      return decodeAnnounce(input)
    case HEARTBEAT:
      return decodeHeartbeat(input)
    case PUSH:
      return {
        kind: 'push',
        writer: decodeWriterId(input),
        index: input.uint(),
        block: { signature: input.bytes(SIGNATURE_BYTES_MAX), bytes: input.bytes(PUSHED_BYTES_MAX) },
      }
    default:
      return decodeLeaderMessage(kind, input)
  }
}

function decodeAnnounce(input: ByteReader): Announce {
  const logs: AnnouncedLog[] = []
  const count = input.uint(ANNOUNCED_LOGS_MAX)
  for (let i = 0; i < count; i++) {
    const writer = decodeWriterId(input)
    const key = toHex(input.fixed(KEY_BYTES))
    if (!isLogKey(key)) throw new MalformedError('a log key is not 32 bytes')
    logs.push({ writer, key })
  }
  return { kind: 'announce', logs }
}

function decodeHeartbeat(input: ByteReader): Message {
  const sentAtMs = input.uint()
  const wallMs = input.uint()
  const echo = decodeFlag(input) ? { sentAtMs: input.uint(), heldMs: input.uint() } : null
  const epoch = input.uint() as Epoch
  const promised = input.uint() as Epoch
  const committed = decodeFlag(input) ? decodeChainPlace(input) : null
  const beginning = decodeWriterOrNone(input)
  const founders = decodeNames(input)
  const url = input.binary(URL_LENGTH_MAX)
  const frontier = decodeVector(input)
  const digest = toHex(input.fixed(DIGEST_BYTES))
  const reaches: NodeName[] = []
  const count = input.uint(PEERS_MAX)
  for (let i = 0; i < count; i++) {
    const name = input.binary(NODE_NAME_LENGTH_MAX)
    if (!isNodeName(name)) throw new MalformedError('a heartbeat names a node that is no node name')
    reaches.push(name)
  }
  return {
    kind: 'heartbeat',
    sentAtMs,
    wallMs,
    echo,
    epoch,
    promised,
    committed,
    beginning,
    founders,
    url,
    frontier,
    digest,
    reaches,
    nameContested: decodeFlag(input),
  }
}

function decodeFlag(input: ByteReader): boolean {
  const byte = input.byte()
  if (byte > 1) throw new MalformedError(`a flag is ${byte}`)
  return byte === 1
}

function bytesOfHex(text: string): Uint8Array {
  return present(fromHex(text), 'keys and digests are hexadecimal')
}
