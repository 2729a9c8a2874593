/**
 * The path between two nodes, whether or not they are connected over it: which of its directions
 * are cut or clogged, and since when. Faults overlap, so they are counted: a direction is free when
 * the last of them has ended.
 *
 * A cut is noticed by silence: both ends give the connection up after the detection time. A clog
 * only holds back; the ends know nothing of it.
 */

import { assert } from '../base/index.ts'
import type { NodeIndex } from './fault.ts'

interface DirectionState {
  cuts: number
  clogs: number
  cutSinceUs: number
}

export class Link {
  readonly left: NodeIndex
  readonly right: NodeIndex
  readonly #toRight: DirectionState = { cuts: 0, clogs: 0, cutSinceUs: 0 }
  readonly #toLeft: DirectionState = { cuts: 0, clogs: 0, cutSinceUs: 0 }

  /** The left end has the lower index. */
  constructor(left: NodeIndex, right: NodeIndex) {
    assert(left < right, 'a link goes from the lower index to the higher')
    this.left = left
    this.right = right
  }

  /** The node at the other end. */
  other(node: NodeIndex): NodeIndex {
    return node === this.left ? this.right : this.left
  }

  isBlocked(from: NodeIndex): boolean {
    const { cuts, clogs } = this.#from(from)
    return cuts > 0 || clogs > 0
  }

  get isFree(): boolean {
    return !this.isBlocked(this.left) && !this.isBlocked(this.right)
  }

  /** Since when a direction is cut without a break, in microseconds, or null if it is not. */
  cutSinceUs(from: NodeIndex): number | null {
    const { cuts, cutSinceUs } = this.#from(from)
    return cuts > 0 ? cutSinceUs : null
  }

  cut(from: NodeIndex, nowUs: number): void {
    const direction = this.#from(from)
    if (direction.cuts === 0) direction.cutSinceUs = nowUs
    direction.cuts += 1
  }

  heal(from: NodeIndex): void {
    const direction = this.#from(from)
    assert(direction.cuts > 0, 'only a cut heals')
    direction.cuts -= 1
  }

  clog(from: NodeIndex): void {
    this.#from(from).clogs += 1
  }

  unclog(from: NodeIndex): void {
    const direction = this.#from(from)
    assert(direction.clogs > 0, 'only a clog ends')
    direction.clogs -= 1
  }

  #from(node: NodeIndex): DirectionState {
    assert(node === this.left || node === this.right, 'a link has two ends')
    return node === this.left ? this.#toRight : this.#toLeft
  }
}
