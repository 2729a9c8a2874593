/**
 * PromiseKept (LM1, LM4, EP4): what a member tells others of its promises it keeps, over restarts, too.
 *
 * - A vote, a candidacy and an acknowledgement leave when the journal has the promise that they are; a
 *   directory gives one vote an epoch, and after that acknowledges nothing of a lower one (VoteDurable).
 * - A vote goes to no candidate that holds less of the chain than the voter did when it promised the epoch, itself not
 *   excepted, and of what is acknowledged the journal has the position. What comes in between that promise and the vote's
 *   leaving, behind a slow disk, is acknowledged to nobody any more.
 * - A member that starts again has promised no less than it had told (FenceMonotonic).
 *
 * A look at the journal's facts for each such message.
 */

import type { DirectoryId, Epoch, NodeName } from '../../base/index.ts'
import { type Acknowledge, type Canvass, isFurther, type Position } from '../../core/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

interface Told {
  /** The highest epoch that was promised to somebody. */
  promised: number
  at: number
  /** By epoch: whom it elected, and when it said so. */
  readonly votes: Map<Epoch, { readonly candidate: NodeName; readonly at: number }>
}

export function promiseKept(oracle: Oracle): Invariant {
  const told = new Map<DirectoryId, Told>()
  /** By node: the last epoch that it promised in this life, and what it held then. */
  const promisedAt = new Map<NodeIndex, { readonly epoch: number; readonly position: Position }>()
  /** By candidate: what it said of itself. */
  const canvasses = new Map<string, Canvass>()
  const toldBy = (directory: DirectoryId): Told => {
    const found = told.get(directory) ?? { promised: 0, at: 0, votes: new Map() }
    told.set(directory, found)
    return found
  }
  const heldAt = (node: NodeView, epoch: Epoch): Position => {
    const known = promisedAt.get(node.index)
    return known?.epoch === epoch ? known.position : node.promise.position
  }
  return {
    name: 'PromiseKept',
    kinds: ['sent', 'chain'],
    observe({ number, happening }, { nodes }) {
      if (happening.kind === 'chain') {
        const node = nodes[happening.node]
        const { promised: epoch, position } = happening.standing
        const isNew = oracle.standingBefore(happening.node)?.promised !== epoch
        if (isNew) promisedAt.set(happening.node, { epoch, position })
        if (node === undefined || oracle.standingBefore(node.index) !== null) return null
        const { promised, at } = toldBy(node.directory)
        if (happening.standing.promised >= promised) return null
        const message = `node ${node.index} starts with the promise ${happening.standing.promised}, and had told of ${promised}`
        return { message, events: [at, number] }
      }
      const { message } = oracle
      if (happening.kind !== 'sent' || message === null) return null
      const [node, to] = [nodes[happening.from], nodes[happening.to]]
      if (node === undefined || to === undefined) return null
      switch (message.kind) {
        case 'canvass':
          canvasses.set(`${node.index} ${message.epoch}`, message)
          return message.isTrial
            ? null
            : (findBadVote(node, node, message.epoch, toldBy(node.directory), number) ??
                findBackward(node, heldAt(node, message.epoch), node.index, message.epoch, message, number))
        case 'ballot':
          return message.isTrial || message.granted === null
            ? null
            : (findBadVote(node, to, message.epoch, toldBy(node.directory), number) ??
                findBackward(
                  node,
                  heldAt(node, message.epoch),
                  to.index,
                  message.epoch,
                  canvasses.get(`${to.index} ${message.epoch}`),
                  number,
                ))
        case 'acknowledge':
          return findBadAcknowledgement(node, message, toldBy(node.directory), number)
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function findBadVote(node: NodeView, candidate: NodeView, epoch: Epoch, told: Told, number: number): Finding | null {
  const before = told.votes.get(epoch)
  if (before !== undefined && before.candidate !== candidate.name) {
    const message = `node ${node.index} votes for ${candidate.name} in epoch ${epoch}, and did for ${before.candidate}`
    return { message, events: [before.at, number] }
  }
  told.votes.set(epoch, { candidate: candidate.name, at: number })
  const broken = findBroken(node, epoch, told, number, 'votes in')
  if (broken !== null) return broken
  const { elected, promised } = node.promise
  if (promised !== epoch || elected === candidate.name) return null
  return { message: `node ${node.index} votes for ${candidate.name}, and its journal has ${elected ?? 'nobody'}`, events: [number] }
}

function findBackward(
  node: NodeView,
  position: Position,
  to: NodeIndex,
  epoch: Epoch,
  canvass: Canvass | undefined,
  number: number,
): Finding | null {
  // Asked again, it may follow the one whom it elected by then.
  if (canvass === undefined || position.epoch >= epoch || !isFurther(position, canvass.position)) return null
  const theirs = `${canvass.position.length} of epoch ${canvass.position.epoch}`
  const message = `node ${node.index} holds ${position.length} of epoch ${position.epoch} and votes for node ${to} in epoch ${epoch}, which holds ${theirs}`
  return { message, events: [number] }
}

function findBadAcknowledgement(node: NodeView, { epoch, length }: Acknowledge, told: Told, number: number): Finding | null {
  const broken = findBroken(node, epoch, told, number, 'acknowledges')
  if (broken !== null || length === 0 || !isFurther({ epoch, length }, node.promise.position)) return broken
  const { position } = node.promise
  const message = `node ${node.index} acknowledges ${length} of epoch ${epoch}, and its journal has ${position.length} of epoch ${position.epoch}`
  return { message, events: [number] }
}

function findBroken(node: NodeView, epoch: Epoch, told: Told, number: number, does: string): Finding | null {
  if (epoch < told.promised)
    return { message: `node ${node.index} ${does} epoch ${epoch}, and had promised ${told.promised}`, events: [told.at, number] }
  if (epoch > told.promised) {
    told.promised = epoch
    told.at = number
  }
  const { promised } = node.promise
  return promised >= epoch
    ? null
    : { message: `node ${node.index} ${does} epoch ${epoch}, and its journal has ${promised}`, events: [number] }
}
