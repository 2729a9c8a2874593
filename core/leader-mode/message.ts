/**
 * What members say to each other about leading, besides heartbeats:
 *
 *     canvass      a candidate asks for votes; or, with `isTrial`, whether it would get them (pre-vote)
 *     ballot       the answer: a grant with what the voter holds of the multi logs, or a refusal with its promise
 *     lead         the leader is there: its log, what is committed, and the round that reads wait for
 *     acknowledge  how much of the leader's log this member holds durably; promises the epoch (LM4)
 *     hand-over    the leader tells a member to stand at once (LM10)
 */

import {
  type ByteReader,
  ByteWriter,
  type Epoch,
  fromHex,
  isLeaderEpoch,
  MalformedError,
  present,
  unreachable,
  type WriterId,
} from '../../base/index.ts'
import { decodeVector, decodeWriterId, encodeVector, type ReadonlyVersionVector } from '../../crdt/index.ts'
import type { BlockHash } from './block-hash.ts'
import { decodeBlockHash, decodeChainPlace, encodeChainPlace } from './chain-link.ts'
import type { ChainPlace, Position } from './position.ts'

export interface Canvass {
  readonly kind: 'canvass'
  /** Asks what would be, and binds nobody. */
  readonly isTrial: boolean
  /** The leader asked for it: voters that hear a leader listen all the same (LM10). */
  readonly isHandOver: boolean
  /** It leads a multi epoch's members only to change who they are (MB1). */
  readonly isErrand: boolean
  readonly epoch: Epoch
  /** What the candidate has promised before it stands. */
  readonly promised: Epoch
  readonly asked: Epoch | null
  readonly position: Position
}

export interface Ballot {
  readonly kind: 'ballot'
  readonly isTrial: boolean
  readonly epoch: Epoch
  /** Null: refused. Else the voter's durable frontier, as of its grant (EP4). */
  readonly granted: ReadonlyVersionVector | null
  /** What the voter has promised. */
  readonly promised: Epoch
}

export interface Lead {
  readonly kind: 'lead'
  readonly epoch: Epoch
  /** The leader's log. */
  readonly writer: WriterId
  readonly committed: ChainPlace | null
  /** As in the log's header: who promises the epoch hands it on, whether or not it holds the header (EP5). */
  readonly asked: Epoch | null
  /** Rises with each; answers name it (LM7). */
  readonly round: number
}

export interface Acknowledge {
  readonly kind: 'acknowledge'
  readonly epoch: Epoch
  readonly writer: WriterId
  /** Blocks of the log that are held; 0 before the header is. */
  readonly length: number
  /** Of the log up to there. */
  readonly hash: BlockHash
  /** Of the last `lead` that was heard. */
  readonly round: number
}

export interface HandOver {
  readonly kind: 'hand-over'
  readonly epoch: Epoch
}

export type LeaderMessage = Canvass | Ballot | Lead | Acknowledge | HandOver

/** Kinds of messages, after those of `core/message.ts`. */
const CANVASS = 3
const BALLOT = 4
const LEAD = 5
const ACKNOWLEDGE = 6
const HAND_OVER = 7

export function encodeLeaderMessage(message: LeaderMessage): Uint8Array {
  const output = new ByteWriter()
  switch (message.kind) {
    case 'canvass':
      return output
        .byte(CANVASS)
        .byte((message.isTrial ? 1 : 0) | (message.isHandOver ? 2 : 0) | (message.isErrand ? 4 : 0))
        .uint(message.epoch)
        .uint(message.promised)
        .uint(message.asked ?? 0)
        .uint(message.position.epoch)
        .uint(message.position.length)
        .finish()
    case 'ballot':
      output
        .byte(BALLOT)
        .byte((message.isTrial ? 1 : 0) | (message.granted === null ? 0 : 2))
        .uint(message.epoch)
        .uint(message.promised)
      if (message.granted !== null) encodeVector(output, message.granted)
      return output.finish()
    case 'lead':
      output
        .byte(LEAD)
        .uint(message.epoch)
        .binary(message.writer)
        .uint(message.asked ?? 0)
        .uint(message.round)
        .byte(message.committed === null ? 0 : 1)
      if (message.committed !== null) encodeChainPlace(output, message.committed)
      return output.finish()
    case 'acknowledge':
      return output
        .byte(ACKNOWLEDGE)
        .uint(message.epoch)
        .binary(message.writer)
        .uint(message.length)
        .fixed(present(fromHex(message.hash), 'a hash is hexadecimal'))
        .uint(message.round)
        .finish()
    case 'hand-over':
      return output.byte(HAND_OVER).uint(message.epoch).finish()
    default:
      return unreachable(message)
  }
}

/** Null if the kind is none of these. @throws MalformedError */
export function decodeLeaderMessage(kind: number, input: ByteReader): LeaderMessage | null {
  switch (kind) {
    case CANVASS:
      return decodeCanvass(input)
    case BALLOT: {
      const flags = decodeFlags(input, 3)
      const epoch = decodeLeaderEpoch(input)
      const promised = input.uint() as Epoch
      return { kind: 'ballot', isTrial: (flags & 1) !== 0, epoch, promised, granted: (flags & 2) === 0 ? null : decodeVector(input) }
    }
    case LEAD: {
      const epoch = decodeLeaderEpoch(input)
      const writer = decodeWriterId(input)
      const asked = decodeAsked(input)
      const round = input.uint()
      return { kind: 'lead', epoch, writer, asked, round, committed: decodeFlags(input, 1) === 0 ? null : decodeChainPlace(input) }
    }
    case ACKNOWLEDGE: {
      const epoch = decodeLeaderEpoch(input)
      const writer = decodeWriterId(input)
      const length = input.uint()
      return { kind: 'acknowledge', epoch, writer, length, hash: decodeBlockHash(input), round: input.uint() }
    }
    case HAND_OVER:
      return { kind: 'hand-over', epoch: decodeLeaderEpoch(input) }
    default:
      return null
  }
}

function decodeCanvass(input: ByteReader): Canvass {
  const flags = decodeFlags(input, 7)
  const epoch = decodeLeaderEpoch(input)
  const promised = input.uint() as Epoch
  const asked = decodeAsked(input)
  const position = { epoch: input.uint() as Epoch, length: input.uint() }
  return {
    kind: 'canvass',
    isTrial: (flags & 1) !== 0,
    isHandOver: (flags & 2) !== 0,
    isErrand: (flags & 4) !== 0,
    epoch,
    promised,
    asked,
    position,
  }
}

function decodeLeaderEpoch(input: ByteReader): Epoch {
  const epoch = input.uint() as Epoch
  if (epoch < 1 || !isLeaderEpoch(epoch)) throw new MalformedError(`${epoch} is no leader epoch`)
  return epoch
}

function decodeAsked(input: ByteReader): Epoch | null {
  const asked = input.uint()
  return asked === 0 ? null : (asked as Epoch)
}

function decodeFlags(input: ByteReader, max: number): number {
  const flags = input.byte()
  if (flags > max) throw new MalformedError(`flags are ${flags}`)
  return flags
}
