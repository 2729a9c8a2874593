/**
 * ReadIndexSafe (LM7, EP6): who asks a leader is answered by all that was done before it asked.
 *
 * - A linearizable read, and a write of a leader epoch, reflect everything that any linearizable read or
 *   write of a leader epoch was answered with before they were asked for; and each write of a multi
 *   epoch that was answered with a majority.
 * - Between question and answer of a linearizable read a majority has answered a round of its leader that
 *   began after the question, or holds a block of it that was sealed after that.
 *
 * Together with ReadsMatchModel, which holds an answer against what it reflects, this is linearizability,
 * in runs that are switched between modes, too. A comparison of two frontiers for each such call.
 */

import { isLeaderEpoch } from '../../base/index.ts'
import type { Acknowledge, Reply, Request } from '../../core/index.ts'
import { formatDot, type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import { majorityOf } from '../sealed-chain.ts'
import { epochOf } from '../sealed-transactions.ts'
import type { CallId } from '../trace.ts'

interface Round {
  readonly epoch: number
  readonly number: number
  /** Number of the event in which its first message left. */
  readonly at: number
}

/** What a leader's followers said last. */
interface Confirmations {
  round: Round
  /** Rounds of this epoch, oldest first; those that nobody can ask for any more are given up. */
  rounds: Round[]
  /** By follower: the last round that it answered, and how many blocks of which log it holds. */
  readonly answered: Map<NodeIndex, Pick<Acknowledge, 'round' | 'writer' | 'length'>>
}

const ROUNDS_KEPT = 512

export function readIndexSafe(oracle: Oracle): Invariant {
  const floor = new VersionVector()
  const floors = new Map<CallId, ReadonlyVersionVector>()
  const leaders = new Map<NodeIndex, Confirmations>()
  return {
    name: 'ReadIndexSafe',
    kinds: ['invoked', 'answered', 'unknown', 'sent'],
    observe({ number, happening }, { nodes }) {
      switch (happening.kind) {
        case 'sent':
          noteRound(oracle, leaders, happening.from, happening.to, number)
          return null
        case 'invoked':
          if (isMeant(happening.request)) floors.set(happening.call, floor.copy())
          return null
        case 'unknown':
          floors.delete(happening.call)
          return null
        case 'answered': {
          const before = floors.get(happening.call)
          const call = oracle.call(happening.call)
          floors.delete(happening.call)
          if (before === undefined || call === undefined) return null
          const reflected = reflectedBy(oracle, call, happening.reply, nodes.length)
          if (reflected === null) return null
          floor.join(reflected.state)
          const unconfirmed = reflected.isRead
            ? findUnconfirmed(oracle, leaders, call, majorityOf(Math.min(call.members, oracle.votersHeld(call.node))), number)
            : null
          return (reflected.isLed ? findOlder(oracle, call, before, reflected.state, number) : null) ?? unconfirmed
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function isMeant(request: Request): boolean {
  if (request.kind === 'get' || request.kind === 'scan') return request.consistency === 'linearizable'
  return request.kind === 'transaction'
}

/** What an answer stands on, if it binds later ones; `isLed` if it is bound itself. */
function reflectedBy(
  oracle: Oracle,
  { request, invokedAt }: OpenCall,
  reply: Reply,
  nodes: number,
): { readonly state: ReadonlyVersionVector; readonly isLed: boolean; readonly isRead: boolean } | null {
  if (reply.kind === 'value' || reply.kind === 'page') return { state: reply.session, isLed: true, isRead: true }
  if (reply.kind !== 'committed' || reply.version === null || request.kind !== 'transaction') return null
  const transaction = oracle.transactions.find(reply.version.writer, reply.version.sequence)
  // What an earlier try did, under the same idempotency key, it did before this one was asked.
  if (transaction === undefined || transaction.sealedAt < invokedAt) return null
  const isLed = isLeaderEpoch(epochOf(transaction))
  const { concern } = request
  if (!isLed && concern !== 'majority' && concern !== 'all' && concern < majorityOf(nodes)) return null
  const state = transaction.dependencies.toVector()
  state.advance(reply.version.writer, reply.version.sequence)
  return { state, isLed, isRead: false }
}

function findOlder(
  oracle: Oracle,
  call: OpenCall,
  before: ReadonlyVersionVector,
  state: ReadonlyVersionVector,
  number: number,
): Finding | null {
  if (state.covers(before)) return null
  for (const [writer, sequence] of before.entries()) {
    if (state.get(writer) >= sequence) continue
    const sealedAt = oracle.transactions.find(writer, sequence)?.sealedAt
    const what = call.request.kind === 'transaction' ? 'write' : 'linearizable read'
    return {
      message: `a ${what} at node ${call.node} does not reflect ${formatDot({ writer, sequence })}, which was answered before it was asked for`,
      events: [...(sealedAt === undefined ? [] : [sealedAt]), call.invokedAt, number],
    }
  }
  return null
}

function noteRound(oracle: Oracle, leaders: Map<NodeIndex, Confirmations>, from: NodeIndex, to: NodeIndex, number: number): void {
  const { message } = oracle
  if (message?.kind === 'lead') {
    const known = leaders.get(from)
    if (known?.round.epoch === message.epoch && known.round.number >= message.round) return
    const round = { epoch: message.epoch, number: message.round, at: number }
    if (known?.round.epoch === message.epoch) {
      known.round = round
      known.rounds.push(round)
      if (known.rounds.length > 2 * ROUNDS_KEPT) known.rounds = known.rounds.slice(ROUNDS_KEPT)
    } else {
      leaders.set(from, { round, rounds: [round], answered: new Map() })
    }
  } else if (message?.kind === 'acknowledge') {
    const leader = leaders.get(to)
    if (leader?.round.epoch === message.epoch) leader.answered.set(from, message)
  }
}

function findUnconfirmed(
  oracle: Oracle,
  leaders: ReadonlyMap<NodeIndex, Confirmations>,
  call: OpenCall,
  needed: number,
  number: number,
): Finding | null {
  const { node, invokedAt } = call
  const leader = leaders.get(node)
  const first = leader?.rounds.find(({ at }) => at > invokedAt)
  // One node is a majority by itself.
  let confirmed = 1
  for (const { round, writer, length } of leader?.answered.values() ?? []) {
    const isAsked = first !== undefined && round >= first.number
    if (isAsked || (oracle.chain.at({ writer, length })?.sealedAt ?? 0) > invokedAt) confirmed += 1
  }
  if (confirmed >= needed) return null
  const message = `node ${node} answers a linearizable read, and ${confirmed} of ${needed} nodes had answered a round that began after it was asked`
  return { message, events: [invokedAt, number] }
}
