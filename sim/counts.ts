/** Counts what really happened in a run, from its events. */

import { type Epoch, isLeaderEpoch, type WriterId } from '../base/index.ts'
import { isFurther, isPush, type Position, type Request } from '../core/index.ts'
import type { FaultKind } from './fault.ts'
import type { Counts } from './run.ts'
import type { Happening, Standing, TraceEvent } from './trace.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export class Tally {
  readonly #counts: Mutable<Omit<Counts, 'faults' | 'conflicts'>> = {
    calls: 0,
    acknowledgedWrites: 0,
    reads: 0,
    failedCalls: 0,
    unknownOutcomes: 0,
    retries: 0,
    batches: 0,
    conditionalWrites: 0,
    messages: 0,
    pushes: 0,
    blocks: 0,
    disconnections: 0,
    partitions: 0,
    kills: 0,
    powerLosses: 0,
    wipedDisks: 0,
    restoredDisks: 0,
    elections: 0,
    leaders: 0,
    commits: 0,
    adoptions: 0,
    deadSuffixes: 0,
    switches: 0,
    voterChanges: 0,
    expiries: 0,
    events: 0,
  }
  readonly #faults: Partial<Record<FaultKind, number>> = {}

  /** Blocks of each leader's log. */
  readonly #lengths = new Map<WriterId, number>()
  readonly #roles: Standing['role'][] = []
  #epoch: Epoch | 0 = 0
  #committed: Position | null = null

  observe({ happening }: TraceEvent): void {
    const counts = this.#counts
    counts.events += 1
    switch (happening.kind) {
      case 'invoked':
        counts.calls += 1
        return this.#countRequest(happening.request)
      case 'answered': {
        const { kind } = happening.reply
        if (kind === 'failed') counts.failedCalls += 1
        else if (kind === 'value' || kind === 'page') counts.reads += 1
        else if (kind === 'committed' && happening.reply.version !== null) counts.acknowledgedWrites += 1
        return
      }
      case 'unknown':
        counts.unknownOutcomes += 1
        return
      case 'sent':
        if (happening.content.kind === 'blocks') counts.blocks += happening.content.count
        if (happening.content.kind !== 'message') return
        counts.messages += 1
        if (isPush(happening.content.bytes)) counts.pushes += 1
        return
      case 'disconnected':
        counts.disconnections += 1
        return
      case 'stopped':
        if (happening.cause === 'kill') counts.kills += 1
        else if (happening.cause === 'power') counts.powerLosses += 1
        return
      case 'disk-replaced':
        if (happening.by === 'wipe') counts.wipedDisks += 1
        else if (happening.by !== 'torn-tail') counts.restoredDisks += 1
        return
      case 'chain-sealed':
        return this.#countBlock(happening)
      case 'chain':
        return this.#countStanding(happening)
      case 'fault-began':
        if (happening.fault.kind === 'partition') counts.partitions += 1
        this.#faults[happening.fault.kind] = (this.#faults[happening.fault.kind] ?? 0) + 1
        return
      default:
        return
    }
  }

  retried(): void {
    this.#counts.retries += 1
  }

  /** @param conflicts versions that lost to a concurrent one */
  counts(conflicts: number): Counts {
    return { ...this.#counts, conflicts, faults: { ...this.#faults } }
  }

  #countBlock({ writer, index, block }: Extract<Happening, { kind: 'chain-sealed' }>): void {
    const counts = this.#counts
    this.#lengths.set(writer, index + 1)
    if (block.kind === 'adopt') counts.adoptions += 1
    if (block.kind === 'voters') counts.voterChanges += 1
    if (block.kind === 'expire') counts.expiries += 1
    if (block.kind !== 'header' || !isLeaderEpoch(block.header.epoch)) return
    const { follows, leadership } = block.header.chain
    counts.leaders += 1
    if (leadership !== null && leadership.adopts.size > 0) counts.adoptions += 1
    if (follows !== null && (this.#lengths.get(follows.writer) ?? 0) > follows.length) counts.deadSuffixes += 1
  }

  #countStanding({ node, standing }: Extract<Happening, { kind: 'chain' }>): void {
    const counts = this.#counts
    if (standing.role === 'candidate' && this.#roles[node] !== 'candidate') counts.elections += 1
    this.#roles[node] = standing.role
    if (this.#epoch === 0) this.#epoch = standing.epoch
    // From a leader's epoch to the next leader's nothing is switched.
    if (standing.epoch > this.#epoch) {
      if (isLeaderEpoch(standing.epoch) !== isLeaderEpoch(this.#epoch)) counts.switches += 1
      this.#epoch = standing.epoch
    }
    const { committed } = standing
    if (committed === null || (this.#committed !== null && !isFurther(committed, this.#committed))) return
    counts.commits += committed.epoch === this.#committed?.epoch ? committed.length - this.#committed.length : committed.length
    this.#committed = committed
  }

  #countRequest(request: Request): void {
    if (request.kind !== 'transaction') return
    if (request.operations.length > 1) this.#counts.batches += 1
    if (request.conditions.length > 0) this.#counts.conditionalWrites += 1
  }
}
