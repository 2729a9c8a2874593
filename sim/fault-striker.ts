/**
 * Makes faults happen: each begins, lasts, and ends by itself, and all of them can be ended at
 * once. Faults overlap. What is down already can't be struck but by a loss of power, and is left to
 * the fault that put it there; so a fault strikes those of its nodes that it can, or says that there
 * were none.
 */

import { unreachable } from '../base/index.ts'
import { isFurther, majorityOf, type Request } from '../core/index.ts'
import { contentsOf } from './disk-contents.ts'
import type { EventQueue } from './event-queue.ts'
import type { Fault, NodeIndex } from './fault.ts'
import type { Network } from './network.ts'
import type { SimulatedNode } from './node.ts'
import { OPERATOR_TIMEOUT_MS, OperatorRounds } from './operator-rounds.ts'
import type { Happening } from './trace.ts'

/** A process that is to die at a point of its work that it does not reach dies anyway after this, in ms. */
const KILL_POINT_PATIENCE_MS = 2000
/** A disk whose next write is to fail is well again if nothing is written for so long, in ms. */
const WRITE_ERROR_PATIENCE_MS = 10_000

type StoppingFault = Extract<Fault, { readonly downMs: number; readonly nodes: readonly NodeIndex[] }>

export interface FaultStrikerOptions {
  readonly queue: EventQueue
  readonly network: Network
  readonly nodes: readonly SimulatedNode[]
  readonly observe: (happening: Happening) => void
  /** Asks a node as its operator. */
  readonly operate: (node: NodeIndex, request: Request) => void
  /** There may be a leader. */
  readonly isLed: boolean
}

export class FaultStriker {
  readonly #options: FaultStrikerOptions
  /** What is going on, with what ends it. */
  readonly #active = new Map<Fault, () => void>()
  readonly #rounds: OperatorRounds
  #isCalm = false

  constructor(options: FaultStrikerOptions) {
    this.#options = options
    this.#rounds = new OperatorRounds(options)
  }

  /** Begins a fault. False if it can't strike. */
  strike(fault: Fault): boolean {
    if (this.#active.has(fault)) return false
    const { network } = this.#options
    switch (fault.kind) {
      case 'partition':
        return this.#last(
          fault,
          fault.durationMs,
          () => network.cut(fault.directions),
          () => network.heal(fault.directions),
        )
      case 'clog':
        return this.#last(
          fault,
          fault.durationMs,
          () => network.clog(fault.direction),
          () => network.unclog(fault.direction),
        )
      case 'pause':
        return this.#pause(fault)
      case 'disk-slow':
        return this.#slowDown(fault)
      case 'disk-full':
        return this.#fillUp(fault)
      case 'clock-step':
        this.#options.observe({ kind: 'fault-began', fault })
        this.#node(fault.node).clock.step(fault.byMs)
        return true
      case 'clock-drift':
        return this.#drift(fault)
      case 'kill':
      case 'power':
      case 'stop':
      case 'write-error':
      case 'wipe':
      case 'restore':
      case 'logs-rollback':
      case 'torn-tail':
        return this.#stopNodes(fault)
      case 'kill-leader':
        return this.#killLeader(fault)
      case 'switch-mode':
        this.#options.observe({ kind: 'fault-began', fault })
        this.#options.operate(fault.node, { kind: 'mode', mode: fault.mode, timeoutMs: OPERATOR_TIMEOUT_MS })
        return true
      case 'promote':
        this.#options.observe({ kind: 'fault-began', fault })
        this.#options.operate(fault.node, { kind: 'promote', node: this.#node(fault.target).name, timeoutMs: OPERATOR_TIMEOUT_MS })
        return true
      case 'remove':
        return this.#remove(fault)
      default:
        return unreachable(fault)
    }
  }

  /** Ends a fault before its time; one that has ended is left alone. What a stopping fault stopped stays down until its own time. */
  endEarly(fault: Fault): void {
    this.#end(fault)
  }

  /** Ends all faults, those to come too: what is down starts, what stands still goes on. */
  calm(): void {
    this.#isCalm = true
    for (const fault of [...this.#active.keys()]) this.#end(fault)
    for (const node of this.#options.nodes) {
      node.clock.correct()
      node.disk.isFailing = false
      node.life?.disarm()
      if (node.isUp) node.onceDown(() => this.#restartNow(node))
      else this.#restartNow(node)
    }
  }

  /** A fault with a beginning and an end. */
  #last(fault: Fault, durationMs: number, begin: () => void, end: () => void): boolean {
    this.#begin(fault, end)
    begin()
    this.#options.queue.after(durationMs, () => this.#end(fault))
    return true
  }

  /** A clock drifts in one way at a time. */
  #drift(fault: Extract<Fault, { readonly kind: 'clock-drift' }>): boolean {
    const { clock } = this.#node(fault.node)
    for (const other of [...this.#active.keys()]) if (other.kind === 'clock-drift' && other.node === fault.node) this.#end(other)
    this.#begin(fault, () => clock.drift(0))
    clock.drift(fault.partsPerMillion)
    return true
  }

  #pause(fault: Extract<Fault, { readonly kind: 'pause' }>): boolean {
    const node = this.#node(fault.node)
    const { life } = node
    if (life === null || node.isPaused) return false
    const resume = (): void => {
      // Another process would not know of it.
      if (node.life === life && node.isPaused) node.resume()
    }
    return this.#last(fault, fault.durationMs, () => node.pause(), resume)
  }

  #slowDown(fault: Extract<Fault, { readonly kind: 'disk-slow' }>): boolean {
    const { disk } = this.#node(fault.node)
    if (disk.slowFactor !== 1) return false
    const setFactor = (factor: number) => (): void => {
      disk.slowFactor = factor
    }
    return this.#last(fault, fault.durationMs, setFactor(fault.factor), setFactor(1))
  }

  #fillUp(fault: Extract<Fault, { readonly kind: 'disk-full' }>): boolean {
    const node = this.#node(fault.node)
    const { disk } = node
    if (disk.isFull) return false
    const freeUp = (): void => {
      disk.freeUp()
      // Whoever made room starts what had stopped for the lack of it.
      if (node.lastFailure?.code === 'DISK_FULL') this.#restartNow(node)
    }
    return this.#last(fault, fault.durationMs, () => disk.fillUp(fault.roomBytes), freeUp)
  }

  // Faults that stop processes

  #stopNodes(fault: StoppingFault): boolean {
    if (fault.kind === 'wipe' && this.#options.isLed && !fault.nodes.every((index) => this.#canLose(index))) return false
    const named = fault.nodes.map((index) => this.#node(index))
    const nodes = named.filter((node) => node.isUp)
    if (nodes.length === 0 && fault.kind !== 'power') return false
    let away = nodes.length
    this.#begin(fault, () => {})
    // What a dead process left in the cache of the operating system is gone, too.
    if (fault.kind === 'power') for (const node of named) if (!node.isUp) node.disk.losePower()
    if (away === 0) this.#end(fault)
    for (const node of nodes) {
      const back = (): void => {
        away -= 1
        if (away === 0) this.#end(fault)
      }
      node.onceDown(() => this.#restartLater(node, fault.downMs, back))
      this.#stopNode(node, fault, back)
    }
    return true
  }

  /**
   * True if the others are a majority of voters by the furthest chain, and each of them holds some of it. Before that
   * a name alone votes, and nobody can tell a directory that was wiped from one that is new.
   */
  #canLose(index: NodeIndex): boolean {
    const { nodes } = this.#options
    if (nodes.every(({ disk }) => disk.promise.position.epoch === 0)) return true
    const chains = nodes.filter(({ isServing }) => isServing).map((node) => node.status().chain)
    const [furthest] = chains.sort((left, right) => (isFurther(left.position, right.position) ? -1 : 1))
    if (furthest === undefined) return false
    const others = nodes.filter((node) => node.index !== index && node.disk.promise.position.epoch > 0)
    const bound = others.filter(({ name, directory }) =>
      furthest.voters.some((voter) => voter.node === name && voter.directory === directory),
    )
    return bound.length >= majorityOf(furthest.voters.length)
  }

  /** One at a time: the next is removed when all are members. */
  #remove(fault: Extract<Fault, { readonly kind: 'remove' }>): boolean {
    const { observe, operate } = this.#options
    if (!this.#rounds.isComplete || !this.#canLose(fault.target)) return false
    observe({ kind: 'fault-began', fault })
    operate(fault.node, {
      kind: 'members',
      change: 'remove',
      node: this.#node(fault.target).name,
      isForced: false,
      timeoutMs: OPERATOR_TIMEOUT_MS,
    })
    this.#rounds.begin()
    return true
  }

  #killLeader(fault: Extract<Fault, { readonly kind: 'kill-leader' }>): boolean {
    const leader = this.#leader()
    if (leader === null) return false
    this.#begin(fault, () => {})
    leader.onceDown(() => this.#restartLater(leader, fault.downMs, () => this.#end(fault)))
    if (fault.point === null) leader.life?.die('kill')
    else this.#killAtPoint(leader, fault.point)
    return true
  }

  /** Whoever leads the highest epoch, in its own eyes. */
  #leader(): SimulatedNode | null {
    let found: SimulatedNode | null = null
    let highest = 0
    for (const node of this.#options.nodes) {
      if (!node.isServing) continue
      const { chain } = node.status()
      if (chain.role !== 'leader' || chain.promised <= highest) continue
      found = node
      highest = chain.promised
    }
    return found
  }

  #stopNode(node: SimulatedNode, fault: StoppingFault, giveUp: () => void): void {
    const { index, life, disk } = node
    const { observe } = this.#options
    if (life === null) return
    const { nowMs } = this.#options.queue
    switch (fault.kind) {
      case 'kill':
        return fault.point === null ? life.die('kill') : this.#killAtPoint(node, fault.point)
      case 'power':
        return life.die('power')
      case 'stop':
        return life.stop()
      case 'write-error':
        return this.#failNextWrite(node, giveUp)
      case 'wipe':
        life.die('kill')
        disk.wipe()
        return observe({ kind: 'disk-replaced', node: index, by: 'wipe', copiedAtMs: null })
      case 'restore': {
        life.die('kill')
        const copiedAtMs = disk.restore(fault.ageMs, nowMs)
        return observe({ kind: 'disk-replaced', node: index, by: 'restore', copiedAtMs, holds: contentsOf(disk) })
      }
      case 'logs-rollback': {
        life.die('kill')
        const copiedAtMs = disk.rollBackLogs(fault.ageMs, nowMs)
        return observe({ kind: 'disk-replaced', node: index, by: 'logs-rollback', copiedAtMs, holds: contentsOf(disk) })
      }
      case 'torn-tail':
        life.die('kill')
        // A journal of which nothing was written since its last full segment has no tail.
        if (!disk.journal.tearTail()) return
        return observe({ kind: 'disk-replaced', node: index, by: 'torn-tail', copiedAtMs: null, holds: contentsOf(disk) })
      default:
        return unreachable(fault)
    }
  }

  #killAtPoint(node: SimulatedNode, point: NonNullable<Extract<Fault, { readonly kind: 'kill' }>['point']>): void {
    const { life } = node
    life?.arm(point)
    this.#options.queue.after(KILL_POINT_PATIENCE_MS, () => {
      if (node.life === life && !this.#isCalm) life?.die('kill')
    })
  }

  #failNextWrite(node: SimulatedNode, giveUp: () => void): void {
    const { life, disk } = node
    disk.isFailing = true
    this.#options.queue.after(WRITE_ERROR_PATIENCE_MS, () => {
      if (node.life !== life || !disk.isFailing) return
      disk.isFailing = false
      giveUp()
    })
  }

  #restartLater(node: SimulatedNode, downMs: number, back: () => void): void {
    const { lives } = node
    this.#options.queue.after(downMs, () => {
      // Another fault's end may have started it, and yet another stopped it again.
      if (!node.isUp && node.lives === lives) node.start()
      back()
    })
  }

  #restartNow(node: SimulatedNode): void {
    // Not at once: whatever damages the disk of a node that was stopped for it comes first.
    this.#options.queue.after(0, () => {
      if (!node.isUp) node.start()
    })
  }

  #begin(fault: Fault, end: () => void): void {
    this.#active.set(fault, end)
    this.#options.observe({ kind: 'fault-began', fault })
  }

  #end(fault: Fault): void {
    const end = this.#active.get(fault)
    if (end === undefined) return
    this.#active.delete(fault)
    end()
    this.#options.observe({ kind: 'fault-ended', fault })
  }

  #node(index: NodeIndex): SimulatedNode {
    const node = this.#options.nodes[index]
    if (node === undefined) throw new RangeError(`a fault strikes node ${index}, and there are ${this.#options.nodes.length}`)
    return node
  }
}
