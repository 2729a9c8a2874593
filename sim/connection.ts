/**
 * A connection between two live processes: an ordered stream each way, and an end on each side
 * that is up from the other's welcome until it learns that the connection is no more. The two
 * ends learn it at different times; in between one of them talks to nobody.
 */

import type { DirectoryId } from '../base/index.ts'
import type { Lane } from './event-queue.ts'
import type { NodeIndex } from './fault.ts'
import type { Link } from './link.ts'
import type { NetworkStream } from './network-stream.ts'

export interface ConnectionEnd {
  readonly node: NodeIndex
  readonly lane: Lane
  readonly directory: DirectoryId
  /** What it sends. */
  readonly out: NetworkStream
}

export class Connection {
  readonly link: Link
  readonly left: ConnectionEnd
  readonly right: ConnectionEnd
  /** False once it broke; what was under way is lost then. */
  isOpen = true

  constructor(link: Link, left: ConnectionEnd, right: ConnectionEnd) {
    this.link = link
    this.left = left
    this.right = right
  }

  end(node: NodeIndex): ConnectionEnd {
    return node === this.left.node ? this.left : this.right
  }

  otherEnd(node: NodeIndex): ConnectionEnd {
    return node === this.left.node ? this.right : this.left
  }

  /** True if both processes are alive: nobody answers from an end whose process is gone. */
  get isWhole(): boolean {
    return this.isOpen && !this.left.lane.isOver && !this.right.lane.isOver
  }
}
