/**
 * One connection of JSON lines: takes lines out of what arrives, hands them to the node as they
 * come, and answers in their order. Lines that were sent together are under way together, so that
 * they share a durable write; the node keeps their order.
 *
 * Only a line that brings a session goes alone: it may have to wait for what other nodes wrote,
 * and a later line must not be carried out before it. A reply waits here as the node gave it and
 * becomes text when its turn to be sent has come, so what a slow client has not taken is not kept
 * as text a second time. Too many lines under way, or a client that does not read: then nothing
 * more is taken from the socket.
 */

import type { Logger } from 'pino'
import { binaryFromText, MIB, SkeinError } from '../../base/index.ts'
import type { Reply, Request } from '../../core/index.ts'
import { BATCH_JSON_BYTES_MAX } from '../api/batch-json.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'
import { type Busy, COMMANDS_PER_SHARE, type Turns } from '../tcp/turns.ts'
import type { Session, Wire } from '../tcp/wire.ts'
import { answerLine, isBlank, type ReadLineCall, readLine } from './line-answer.ts'
import { type LineRead, LineReader } from './line-reader.ts'
import { failureFields, type LineContext } from './operations.ts'

/** A line, with its end. The largest is a batch. */
export const LINE_BYTES_MAX = BATCH_JSON_BYTES_MAX
/** Lines under way on one connection. More wait in the socket. */
export const PENDING_LINES_MAX = 256
/** Bytes of lines under way on one connection; a single line may have more. */
const PENDING_BYTES_MAX = 4 * MIB

export interface LinesContext extends LineContext {
  readonly log: Logger
  /** What all connections of the door hold together. */
  readonly held: HeldBytes
  readonly turns: Turns
}

/** A line under way. */
interface Pending {
  readonly line: ReadLineCall
  readonly bytes: number
  /** The node's answer; null until it is there, and for what the node was not asked. */
  reply: Reply | null
  isSettled: boolean
  withdraw: () => void
}

export class LinesSession implements Session, Busy {
  readonly #context: LinesContext
  readonly #wire: Wire
  readonly #reader: LineReader
  /** In the order of their lines. */
  readonly #pending: Pending[] = []
  /** Invariant: the sum of the bytes of `#pending`, and as much of what all connections hold. */
  #pendingBytes = 0
  /** Nothing is taken before this one is settled. */
  #alone: Pending | null = null
  /** Input waits for room. */
  #isHeldUp = false
  #hasAskedTurn = false
  #isInputOver = false
  #isStopping = false
  #isOver = false

  constructor(context: LinesContext, wire: Wire) {
    this.#context = context
    this.#wire = wire
    this.#reader = new LineReader(LINE_BYTES_MAX, context.held)
  }

  take(bytes: Buffer): void {
    if (this.#isOver || this.#isStopping) return
    this.#reader.feed(bytes)
    if (!this.#hasAskedTurn) this.takeTurn(COMMANDS_PER_SHARE)
  }

  takeTurn(most: number): number {
    this.#hasAskedTurn = false
    let taken = 0
    while (this.#mayTake()) {
      if (taken === most) {
        this.#hold()
        this.#askTurn()
        return taken
      }
      const read = this.#reader.next()
      if (read.kind === 'incomplete') {
        this.#awaitMore()
        return taken
      }
      this.#begin(read)
      taken += 1
    }
    this.#hold()
    this.#endIfDone()
    return taken
  }

  inputEnded(): void {
    this.#isInputOver = true
    if (!this.#hasAskedTurn) this.takeTurn(COMMANDS_PER_SHARE)
  }

  drained(): void {
    this.#send()
    this.#goOn()
    this.#endIfDone()
  }

  stop(): void {
    this.#isStopping = true
    this.#reader.close()
    this.#endIfDone()
  }

  closed(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const pending of this.#pending) pending.withdraw()
    this.#pending.length = 0
    this.#reader.close()
    this.#context.held.change(this.#pendingBytes, 0)
    this.#pendingBytes = 0
  }

  // Taking

  #mayTake(): boolean {
    return (
      !this.#isOver &&
      !this.#isStopping &&
      this.#alone === null &&
      this.#pending.length < PENDING_LINES_MAX &&
      this.#pendingBytes < PENDING_BYTES_MAX &&
      !this.#wire.isClogged
    )
  }

  #hold(): void {
    if (this.#isHeldUp || this.#isOver) return
    this.#isHeldUp = true
    this.#wire.pause()
    this.#wire.expect(false)
  }

  /** All that has arrived is taken. */
  #awaitMore(): void {
    if (this.#isInputOver) {
      const last = this.#reader.last()
      if (last.kind !== 'incomplete') this.#begin(last)
      this.#isHeldUp = false
      this.#endIfDone()
      return
    }
    this.#wire.expect(this.#reader.isUnfinished)
    if (this.#isHeldUp) {
      this.#isHeldUp = false
      this.#wire.resume()
    }
  }

  /** What held it up may be over. Half of its room has to be free: it should not stop after every line. */
  #goOn(): void {
    if (this.#isHeldUp && this.#mayTake() && this.#pending.length <= PENDING_LINES_MAX / 2) this.#askTurn()
  }

  #askTurn(): void {
    if (this.#hasAskedTurn) return
    this.#hasAskedTurn = true
    this.#context.turns.add(this)
  }

  #endIfDone(): void {
    if (this.#isOver || this.#pending.length > 0) return
    const isAllTaken = !this.#isHeldUp && !this.#reader.hasInput && !this.#reader.isUnfinished
    if (this.#isStopping || (this.#isInputOver && isAllTaken)) this.#wire.end()
  }

  // Carrying out

  #begin(read: Exclude<LineRead, { kind: 'incomplete' }>): void {
    switch (read.kind) {
      case 'line':
        return isBlank(read.bytes) ? undefined : this.#carryOut(read.bytes)
      case 'too-long':
        return this.#refuse(new SkeinError('TOO_LARGE', `the line is longer than ${LINE_BYTES_MAX} bytes: send less at a time`))
      case 'no-room':
        return this.#refuse(overloaded())
    }
  }

  #carryOut(bytes: Uint8Array): void {
    const { held, log } = this.#context
    if (!held.change(0, bytes.length)) {
      held.change(bytes.length, 0)
      return this.#refuse(overloaded())
    }
    const line = readLine(bytes, this.#context, log)
    const pending = this.#enqueue(line, bytes.length)
    if (line.call.kind === 'answer') return this.#settle(pending, null)
    const { request } = line.call
    if (bringsSession(request)) this.#alone = pending
    const withdraw = this.#context.gateway.request(request, (reply) => this.#settle(pending, reply))
    if (!pending.isSettled) pending.withdraw = withdraw
  }

  #refuse(failure: SkeinError): void {
    this.#settle(this.#enqueue({ id: null, call: { kind: 'answer', fields: failureFields(failure) } }, 0), null)
  }

  #enqueue(line: ReadLineCall, bytes: number): Pending {
    const pending = { line, bytes, reply: null, isSettled: false, withdraw: () => {} }
    this.#pending.push(pending)
    this.#pendingBytes += bytes
    return pending
  }

  #settle(pending: Pending, reply: Reply | null): void {
    if (this.#isOver) return
    pending.reply = reply
    pending.isSettled = true
    pending.withdraw = () => {}
    if (this.#alone === pending) this.#alone = null
    if (this.#pending[0] === pending) this.#send()
    this.#goOn()
    this.#endIfDone()
  }

  /** Sends the answers whose turn has come, as long as the client takes them. */
  #send(): void {
    let sent = 0
    for (const { line, bytes, reply, isSettled } of this.#pending) {
      if (!isSettled || this.#wire.isClogged) break
      sent += 1
      this.#pendingBytes -= bytes
      this.#context.held.change(bytes, 0)
      this.#wire.write(binaryFromText(answerLine(line, reply, this.#context.log)))
    }
    this.#pending.splice(0, sent)
  }
}

function bringsSession(request: Request): boolean {
  return 'session' in request && request.session !== null
}

function overloaded(): SkeinError {
  return new SkeinError('UNAVAILABLE', 'the node holds as much for its clients as it can: try again in a second, or another node')
}
