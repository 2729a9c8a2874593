/**
 * The hash of a run: which events happened, in which order, when, with which identities. Two runs
 * with one hash are the same run. It reads kinds, places, times and dots and not whole values, so
 * that it costs next to nothing; what a value was follows from the dot that wrote it.
 *
 * Two 32-bit lanes of a multiplicative hash: it finds differences, it is no defence.
 */

import { unreachable } from '../base/index.ts'
import type { Reply } from '../core/index.ts'
import type { ReadonlyVersionVector } from '../crdt/index.ts'
import type { Fault } from './fault.ts'
import type { Happening, TraceEvent } from './trace.ts'

const LOW_PRIME = 2_654_435_761
const HIGH_PRIME = 1_597_334_677

export class TraceHash {
  #low = 0xdeadbeef | 0
  #high = 0x41c6ce57 | 0

  add({ number, atMs, happening }: TraceEvent): void {
    this.#number(number)
    this.#number(Math.round(atMs * 1000))
    this.#text(happening.kind)
    this.#happening(happening)
  }

  /** Sixteen hexadecimal digits over all that was added. */
  digest(): string {
    const low = Math.imul(this.#low ^ (this.#low >>> 16), 2_246_822_507) ^ Math.imul(this.#high ^ (this.#high >>> 13), 3_266_489_909)
    const high = Math.imul(this.#high ^ (this.#high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
    return hex(high) + hex(low)
  }

  #content(content: Extract<Happening, { kind: 'sent' }>['content']): void {
    if (content.kind !== 'blocks') return this.#number(content.kind === 'message' ? content.bytes.length : content.bytes)
    this.#number(content.from)
    this.#number(content.count)
  }

  #happening(happening: Happening): void {
    switch (happening.kind) {
      case 'started':
        this.#number(happening.node)
        this.#number(happening.life)
        return this.#text(happening.directory)
      case 'recovered':
      case 'persisted':
        return this.#number(happening.node)
      case 'stopped':
        this.#number(happening.node)
        return this.#text(happening.cause)
      case 'sealed':
        this.#number(happening.node)
        this.#text(happening.entry.writer)
        this.#number(happening.entry.transactions[0]?.sequence ?? 0)
        return this.#number(happening.entry.transactions.length)
      case 'chain-sealed':
        this.#number(happening.node)
        this.#text(happening.writer)
        this.#number(happening.index)
        return this.#text(happening.hash)
      case 'chain':
        this.#number(happening.node)
        this.#text(happening.standing.role)
        this.#number(happening.standing.promised)
        this.#number(happening.standing.position.length)
        return this.#number(happening.standing.committed?.length ?? 0)
      case 'appended':
        this.#number(happening.node)
        this.#text(happening.writer)
        this.#number(happening.index)
        return this.#number(happening.blocks)
      case 'applied':
        this.#number(happening.node)
        return this.#vector(happening.frontier)
      case 'room':
        this.#number(happening.node)
        return this.#number(happening.hasRoom ? 1 : 0)
      case 'log-failed':
        this.#number(happening.node)
        this.#text(happening.writer)
        return this.#text(happening.failure.kind)
      case 'sent':
        this.#number(happening.id)
        this.#number(happening.from)
        this.#number(happening.to)
        return this.#content(happening.content)
      case 'delivered':
      case 'dropped':
        return this.#number(happening.id)
      case 'connected':
      case 'disconnected':
        this.#number(happening.left)
        return this.#number(happening.right)
      case 'refused':
        this.#number(happening.node)
        return this.#number(happening.by)
      case 'invoked':
        this.#call(happening.call, happening.client, happening.node)
        return this.#text(happening.request.kind)
      case 'answered':
        this.#call(happening.call, happening.client, happening.node)
        return this.#reply(happening.reply)
      case 'unknown':
        return this.#call(happening.call, happening.client, happening.node)
      case 'fault-began':
      case 'fault-ended':
        return this.#fault(happening.fault)
      case 'disk-replaced':
        this.#number(happening.node)
        return this.#text(happening.by)
      case 'phase':
        return this.#text(happening.phase)
      default:
        return unreachable(happening)
    }
  }

  #call(call: number, client: number, node: number): void {
    this.#number(call)
    this.#number(client)
    this.#number(node)
  }

  #reply(reply: Reply): void {
    this.#text(reply.kind)
    switch (reply.kind) {
      case 'value':
        this.#text(reply.item?.version.dot.writer ?? '')
        return this.#number(reply.item?.version.dot.sequence ?? 0)
      case 'page':
        this.#number(reply.items.length)
        for (const { version } of reply.items) this.#number(version.dot.sequence)
        return
      case 'committed':
        this.#text(reply.version?.writer ?? '')
        return this.#number(reply.version?.sequence ?? 0)
      case 'conflicts':
        return this.#number(reply.keys.length)
      case 'copies':
        return this.#number(reply.nodes)
      case 'inspected':
        return
      case 'status':
        return this.#text(reply.status.digest)
      case 'mode':
        this.#number(reply.epoch)
        return this.#text(reply.leader ?? '')
      case 'members':
        return this.#text(reply.voters.join())
      case 'failed':
        return this.#text(reply.error.code)
      default:
        return unreachable(reply)
    }
  }

  #fault(fault: Fault): void {
    this.#text(fault.kind)
    this.#number(Math.round(fault.atMs * 1000))
  }

  #vector(vector: ReadonlyVersionVector): void {
    let sum = 0
    for (const [, sequence] of vector.entries()) sum += sequence
    this.#number(vector.size)
    this.#number(sum)
  }

  #number(value: number): void {
    this.#mix(value | 0)
    // Above 32 bits, and below 0.
    if (value >= 0x100000000) this.#mix(Math.floor(value / 0x100000000))
  }

  #text(text: string): void {
    this.#mix(text.length)
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, LOW_PRIME)
    this.#high = Math.imul((this.#high ^ word) + (this.#low >>> 16), HIGH_PRIME)
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
