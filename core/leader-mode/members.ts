/**
 * Who the members are (MB1): before any leader those that the node was started with, from then on those
 * that the chain names. Two answers differ by as much as the chain is behind: who *votes* goes by
 * what is held, who is shown, counted and refused by what is applied.
 */

import { assert, type DirectoryId, type NodeName, type WriterId } from '../../base/index.ts'
import type { ReplicaConfig } from '../replica-config.ts'
import type { Status } from '../status.ts'
import type { Chain } from './chain.ts'
import type { PromiseKeeper } from './promise-keeper.ts'
import { namesOf, type Voter, withoutVoter } from './voters.ts'

export interface MembersContext {
  readonly config: ReplicaConfig
  readonly chain: Chain
  readonly keeper: PromiseKeeper
  connected(): readonly NodeName[]
  /** The members by a connected peer's configuration; empty if it has a chain, null before it told. */
  foundersOf(peer: NodeName): readonly NodeName[] | null
}

export class Members {
  readonly #context: MembersContext
  /** Who votes, by what is applied; null before any leader. */
  #seated: readonly Voter[] | null = null
  #names: readonly NodeName[]
  readonly #removed = new Set<DirectoryId>()
  /** The other one of two voters, of which an operator says that it is lost for good (MB4). */
  #abandoned: NodeName | null = null

  constructor(context: MembersContext) {
    this.#context = context
    this.#names = context.config.members
  }

  /** Who votes, by what is held. */
  get voters(): readonly Voter[] {
    const voters = this.#context.chain.voters ?? this.#unboundVoters
    return this.#abandoned === null ? voters : withoutVoter(voters, this.#abandoned)
  }

  get #unboundVoters(): readonly Voter[] {
    const { keeper, config } = this.#context
    const { met } = keeper.current
    return this.#founders.map((node) => ({ node, directory: node === config.node ? config.directory : (met.get(node) ?? null) }))
  }

  /** Who votes, by what is applied; null before any leader. */
  get seated(): readonly Voter[] | null {
    return this.#seated
  }

  /** Directories that are members' no more (MB4), by what is applied. */
  get removed(): ReadonlySet<DirectoryId> {
    return this.#removed
  }

  /** All by name: those that vote, or those that it was started with. */
  get names(): readonly NodeName[] {
    return this.#names
  }

  status(): Pick<Status, 'members' | 'learners' | 'foundersDiffer'> {
    const { config } = this.#context
    const { names } = this
    const here = [...(this.#removed.has(config.directory) ? [] : [config.node]), ...this.#context.connected()]
    return {
      members: names,
      learners: here.filter((node) => !names.includes(node)).sort(),
      foundersDiffer: Object.fromEntries(this.otherFounders),
    }
  }

  /** What peers are told of those that it was started with: nothing once the chain says who they are. */
  get founders(): readonly NodeName[] {
    return this.#context.chain.end === null ? this.#founders : []
  }

  /** Connected peers that were started with another list, while no chain says who the members are. */
  get otherFounders(): ReadonlyMap<NodeName, readonly NodeName[]> {
    const others = new Map<NodeName, readonly NodeName[]>()
    const own = this.founders
    if (own.length === 0) return others
    for (const peer of this.#context.connected()) {
      const theirs = this.#context.foundersOf(peer)
      if (theirs !== null && theirs.length > 0 && !isSameList(own, theirs)) others.set(peer, theirs)
    }
    return others
  }

  /** The first log of the chain that this member follows; null before any. Members of one cluster have the same. */
  get beginning(): WriterId | null {
    return this.#context.keeper.current.beginning
  }

  /** Until the chain says so too, `node` does not count. Only the other one of two: alone it can have committed nothing. */
  abandon(node: NodeName): void {
    assert(this.voters.length === 2, 'one of two voters is abandoned')
    this.#abandoned = node
  }

  /** What an operator asked for is done, or given up. */
  abandonNobody(): void {
    this.#abandoned = null
  }

  hasSameFounders(peer: NodeName): boolean {
    const theirs = this.#context.foundersOf(peer)
    return theirs !== null && isSameList(this.#founders, theirs)
  }

  /** A node is connected: before the first leader a founder's name is kept with its directory. */
  meet(node: NodeName, directory: DirectoryId): void {
    const { chain, keeper } = this.#context
    const { met } = keeper.current
    if (chain.end !== null || met.has(node) || !this.#founders.includes(node)) return
    keeper.change({ met: new Map([...met, [node, directory]]) })
  }

  /** The chain says it anew. */
  seat(voters: readonly Voter[], removed: readonly DirectoryId[]): void {
    this.#seated = voters
    this.#names = namesOf(voters)
    for (const directory of removed) this.#removed.add(directory)
  }

  get #founders(): readonly NodeName[] {
    const { keeper, config } = this.#context
    const { founders } = keeper.current
    if (founders.length > 0) return founders
    return config.joins ? [] : config.members
  }
}

function isSameList(left: readonly NodeName[], right: readonly NodeName[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name))
}
