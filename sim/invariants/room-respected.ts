/**
 * RoomRespected (JR4): a full disk is found before the write. From the moment at which a node was
 * told that its disk is full, until it is told otherwise or ends, it commits no write that was asked
 * afterwards; what it took before still finds its place. It refuses with DISK_FULL only writes, and
 * only if its disk was full at some moment of the call.
 *
 * Costs a step for each of the last times that a node's disk was full, with each answer to a write.
 */

import type { Reply } from '../../core/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'

/** Times that are remembered for each node: a call lasts seconds, and a disk stays full for as long. */
const SPELLS_MAX = 16

/** Numbers of the events between which a node knew that its disk was full. */
interface Spell {
  readonly toldAt: number
  /** Infinity while it lasts. */
  endedAt: number
}

export function roomRespected(oracle: Oracle): Invariant {
  const spells = new Map<NodeIndex, Spell[]>()
  const spellsOf = (node: NodeIndex): readonly Spell[] => spells.get(node) ?? []
  return {
    name: 'RoomRespected',
    kinds: ['room', 'stopped', 'answered'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'room':
          if (happening.hasRoom) end(spellsOf(happening.node), number)
          else
            spells.set(happening.node, [
              ...spellsOf(happening.node).slice(1 - SPELLS_MAX),
              { toldAt: number, endedAt: Number.POSITIVE_INFINITY },
            ])
          return null
        case 'stopped':
          end(spellsOf(happening.node), number)
          return null
        case 'answered': {
          const call = oracle.call(happening.call)
          return call === undefined ? null : findDisregard(oracle, call, happening.reply, spellsOf(call.node), number)
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function end(spells: readonly Spell[], number: number): void {
  const last = spells.at(-1)
  if (last !== undefined) last.endedAt = Math.min(last.endedAt, number)
}

function findDisregard(oracle: Oracle, call: OpenCall, reply: Reply, spells: readonly Spell[], number: number): Finding | null {
  const { node, invokedAt, request } = call
  if (reply.kind === 'failed' && reply.error.code === 'DISK_FULL') {
    const isWrite = request.kind === 'transaction' || request.kind === 'procedure'
    if (isWrite && spells.some(({ endedAt }) => endedAt > invokedAt)) return null
    const what = isWrite ? 'a write with DISK_FULL, and its disk was not' : `a ${request.kind} with DISK_FULL`
    return { message: `node ${node} refuses ${what}`, events: [invokedAt, number] }
  }
  if (reply.kind !== 'committed' || reply.version === null) return null
  const { writer, sequence } = reply.version
  const transaction = oracle.transactions.find(writer, sequence)
  if (transaction === undefined || transaction.node !== node) return null
  const { sealedAt } = transaction
  const spell = spells.find(({ toldAt, endedAt }) => toldAt < invokedAt && invokedAt < sealedAt && sealedAt < endedAt)
  if (spell === undefined) return null
  const message = `node ${node} commits ${formatDot(reply.version)}, which was asked after it was told that its disk is full`
  return { message, events: [spell.toldAt, invokedAt, sealedAt, number] }
}
