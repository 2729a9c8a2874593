/**
 * A change of the members that an operator asked for (MB1, MB2, MB4): a node gets a vote, or is no
 * member any more. One at a time, by an entry of the chain. In a multi epoch a member stands for it
 * alone, and as leader ends its epoch when it is done.
 */

import type { DirectoryId, NodeName } from '../../base/index.ts'
import type { MembersRequest, RequestId } from '../requests.ts'
import type { Leading } from './leading.ts'
import { isBound, namesOf, type Voter, withoutVoter } from './voters.ts'

/** What an entry of the chain changes. */
export interface Seats {
  readonly voters: readonly Voter[]
  readonly removed: readonly DirectoryId[]
}

/** What this member knows of the other's data directory: the one that is connected, or null. */
type DirectoryOf = (node: NodeName) => DirectoryId | null

export class MembersChange {
  readonly id: RequestId
  readonly request: MembersRequest
  readonly #deadlineMs: number

  constructor(id: RequestId, request: MembersRequest, nowMs: number) {
    this.id = id
    this.request = request
    this.#deadlineMs = nowMs + request.timeoutMs
  }

  isLate(nowMs: number): boolean {
    return nowMs >= this.#deadlineMs
  }

  /** True if it is part of the chain as far as that is applied. */
  isDone(voters: readonly Voter[], removed: ReadonlySet<DirectoryId>, directoryOf: DirectoryOf): boolean {
    const { change, node } = this.request
    const directory = directoryOf(node)
    if (change === 'join') return isBound(voters, node, directory)
    return !namesOf(voters).includes(node) && (directory === null || removed.has(directory))
  }

  /** What the leader writes for it; null if that is written, the node is not ready, or its old directory has yet to lose its vote. */
  nextSeats(leading: Leading, voters: readonly Voter[], removed: ReadonlySet<DirectoryId>, directoryOf: DirectoryOf): Seats | null {
    if (this.isDone(voters, removed, directoryOf)) return null
    const { change, node } = this.request
    const known = voters.find((voter) => voter.node === node)
    const present = directoryOf(node)
    if (change === 'remove') {
      const directories = new Set([known?.directory ?? null, present].filter((directory) => directory !== null))
      return { voters: withoutVoter(voters, node), removed: [...directories] }
    }
    if (known !== undefined || present === null || !leading.isCaughtUp(node, present)) return null
    return { voters: [...voters, { node, directory: present }], removed: [] }
  }
}
