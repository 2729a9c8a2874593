/**
 * Answers of one connection leave in the order of its commands, whatever order they become known
 * in. A command takes its place here when it is taken; its answer leaves when it is known and
 * nobody is before it.
 */

import type { ProtocolVersion } from './encoder.ts'
import type { RespReply } from './reply.ts'

/** A command that was taken and whose answer has not left. */
export class PendingReply {
  /** Undefined until it is known. */
  reply: RespReply | undefined = undefined
  /** The client wants no answer to this one (CLIENT REPLY). */
  readonly isMuted: boolean
  readonly version: ProtocolVersion
  /** What it has under way, in bytes of keys and values. */
  readonly bytes: number

  constructor(isMuted: boolean, version: ProtocolVersion, bytes: number) {
    this.isMuted = isMuted
    this.version = version
    this.bytes = bytes
  }
}

export class ReplyQueue {
  /** Those before `#head` have left. */
  #pending: PendingReply[] = []
  #head = 0
  #bytes = 0

  get length(): number {
    return this.#pending.length - this.#head
  }

  /** What the commands have under way. */
  get bytes(): number {
    return this.#bytes
  }

  push(pending: PendingReply): void {
    this.#pending.push(pending)
    this.#bytes += pending.bytes
  }

  /** The first, if its answer is known: it can leave. */
  takeKnown(): PendingReply | null {
    const first = this.#pending[this.#head]
    if (first === undefined || first.reply === undefined) return null
    this.#bytes -= first.bytes
    this.#head += 1
    this.#forgetTaken()
    return first
  }

  #forgetTaken(): void {
    if (this.#head === this.#pending.length) {
      if (this.#head > 0) this.#pending = []
      this.#head = 0
    } else if (2 * this.#head > this.#pending.length) {
      this.#pending = this.#pending.slice(this.#head)
      this.#head = 0
    }
  }
}
