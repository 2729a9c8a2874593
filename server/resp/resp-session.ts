/**
 * One connection of the Redis protocol: takes commands out of what arrives, carries them out and
 * answers in order. A command is begun as soon as it is there, without waiting for those before
 * it, so that the commands of a pipeline share a durable write; the core keeps their order.
 *
 * It stops taking commands while too many are under way or the client does not read its answers,
 * and leaves what arrives to the socket: the client feels it, and memory stays bounded. A promise
 * for each command was rejected: a callback costs a tenth of it.
 */

import { MIB, SkeinError, unreachable } from '../../base/index.ts'
import type { KeyEditor, KeyView, Reply, Request } from '../../core/index.ts'
import { TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
import type { Busy } from '../tcp/turns.ts'
import { COMMANDS_PER_SHARE } from '../tcp/turns.ts'
import type { Session, Wire } from '../tcp/wire.ts'
import { calledCommand } from './called-command.ts'
import type { Action, Command } from './command.ts'
import type { ConnectionState } from './connection-state.ts'
import { encodeReply } from './encoder.ts'
import { failureReply, isCrossProtocol, unknownCommand } from './error-text.ts'
import { Multi } from './multi.ts'
import { type ErrorReply, errorReply, OK, QUEUED, type RespReply } from './reply.ts'
import { PendingReply, ReplyQueue } from './reply-queue.ts'
import { RequestParser } from './request-parser.ts'
import type { RespContext } from './resp-protocol.ts'
import { bytesOf, QueuedTransaction } from './transaction.ts'

/** Commands under way on one connection. More wait in the socket. */
export const PENDING_REPLIES_MAX = 1024
/** Bytes of keys and values under way on one connection; a single command may have more. */
const PENDING_BYTES_MAX = 8 * MIB

/** In leader mode a command may have to wait for a majority, or for a leader; in multi-leader mode it waits for the disk alone. */
const READ_TERMS = { consistency: 'local', session: null, timeoutMs: TIMEOUT_DEFAULT_MS } as const
const WRITE_TERMS = { conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: TIMEOUT_DEFAULT_MS } as const

type NodeAction = Extract<Action, { kind: 'node' }>

export class RespSession implements Session, Busy {
  readonly state: ConnectionState
  readonly #context: RespContext
  readonly #wire: Wire
  readonly #parser: RequestParser
  readonly #multi: Multi
  readonly #replies = new ReplyQueue()
  /** Nothing is taken before this one is answered. */
  #barrier: PendingReply | null = null
  /** Begins when everything before it is answered; it is the barrier. */
  #nodeAction: NodeAction | null = null
  /** Withdraws the node action under way. */
  #withdraw: (() => void) | null = null
  /** What has arrived may hold commands that wait for something. */
  #isHeldUp = false
  #hasAskedTurn = false
  /** What was taken last in this turn takes its time: others come before what follows it. */
  #hasTakenLong = false
  #isInputOver = false
  #isOver = false

  constructor(context: RespContext, wire: Wire, state: ConnectionState) {
    this.#context = context
    this.#wire = wire
    this.state = state
    this.#parser = new RequestParser(context.parserLimits)
    this.#multi = new Multi(state, context.parserLimits.held)
  }

  take(bytes: Buffer): void {
    if (this.#isOver || this.state.isClosing) return
    this.#parser.feed(bytes)
    if (!this.#hasAskedTurn) this.takeTurn(COMMANDS_PER_SHARE)
  }

  takeTurn(most: number): number {
    this.#hasAskedTurn = false
    this.#hasTakenLong = false
    let taken = 0
    while (this.#mayTake()) {
      if (taken === most || this.#hasTakenLong) {
        this.#hold()
        this.#askTurn()
        return most
      }
      const parsed = this.#parser.next()
      if (parsed === 'incomplete') {
        this.#awaitMore()
        return taken
      }
      taken += 1
      if (parsed === 'command') this.#execute()
      else {
        this.#refuse(errorReply(this.#parser.failure))
        if (parsed === 'invalid') this.#close()
      }
    }
    this.#hold()
    this.#endIfDone()
    return taken
  }

  inputEnded(): void {
    this.#isInputOver = true
    // It may wait for its last answers, and may as well be gone.
    this.#wire.expect(true)
    this.#endIfDone()
  }

  drained(): void {
    this.#send()
  }

  stop(): void {
    this.#close()
    this.#endIfDone()
  }

  /** Ends it without answering what is under way. */
  abort(): void {
    this.#close()
    this.#wire.destroy()
  }

  closed(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#nodeAction = null
    this.#withdraw?.()
    this.#parser.close()
    this.#multi.close()
    this.#context.sessions.delete(this.state.id)
  }

  // Taking

  #mayTake(): boolean {
    return (
      !this.#isOver &&
      !this.state.isClosing &&
      this.#barrier === null &&
      this.#replies.length < PENDING_REPLIES_MAX &&
      this.#replies.bytes < PENDING_BYTES_MAX &&
      !this.#wire.isClogged
    )
  }

  /** Reading stops only when there is something that waits: a socket that isn't read does not tell that its client is gone. */
  #hold(): void {
    if (this.#isOver) return
    this.#isHeldUp = true
    this.#wire.expect(this.#isInputOver)
    if (!this.#parser.hasInput) return
    this.#wire.pause()
    if (!this.#parser.hold()) this.abort()
  }

  #awaitMore(): void {
    this.#wire.expect(this.#parser.isUnfinished || this.#isInputOver)
    if (this.#isHeldUp) {
      this.#isHeldUp = false
      this.#wire.resume()
    }
    this.#endIfDone()
  }

  /** Something that held it up may be over. Half of its room has to be free: it should not stop after every command. */
  #goOn(): void {
    if (this.#isHeldUp && this.#mayTake() && this.#replies.length <= PENDING_REPLIES_MAX / 2) this.#askTurn()
  }

  #askTurn(): void {
    if (this.#hasAskedTurn) return
    this.#hasAskedTurn = true
    this.#context.turns.add(this)
  }

  #close(): void {
    this.state.isClosing = true
    this.#parser.close()
  }

  #endIfDone(): void {
    if (this.#isOver || this.#replies.length > 0) return
    if (this.state.isClosing || (this.#isInputOver && !this.#isHeldUp)) this.#wire.end()
  }

  // Carrying out

  #execute(): void {
    const { words } = this.#parser
    const command = this.#context.commands.find(words)
    if (command !== null) {
      const called = calledCommand(command, words)
      if ('kind' in called) this.#refuseCall(called, command)
      else this.#perform(called)
    } else if (isCrossProtocol(words)) this.#abortAttack()
    else this.#refuse(unknownCommand(words))
    this.#countSkips()
    // A WATCH that is not answered has put down nothing yet.
    if (this.#barrier === null) this.#multi.settle()
    if (this.state.isClosing) this.#parser.close()
  }

  #perform(command: Command): void {
    this.state.lastCommand = command.name
    const action = this.#read(command)
    if (this.#multi.queues(command)) this.#queue(action, command)
    else this.#carryOut(action, command)
  }

  #read(command: Command): Action {
    try {
      return command.read(this.#parser.words)
    } catch (error) {
      if (error instanceof SkeinError) return { kind: 'answer', reply: failureReply(error) }
      throw error
    }
  }

  #carryOut(action: Action, { name, flags }: Command): void {
    switch (action.kind) {
      case 'answer':
        return this.#answer(action.reply)
      case 'connection':
        return this.#answer(action.run(this.state))
      case 'read': {
        if (name === 'watch') return this.#watch(action)
        // So it says of itself; MULTI can't take turns and refuses it.
        this.#hasTakenLong = flags.includes('no_multi')
        const pending = this.#begin(bytesOf(action))
        return this.#inspect(pending, action)
      }
      case 'set': {
        const { key, value } = action
        const operations = [{ kind: 'set', key, value, ttlMs: null }] as const
        const pending = this.#begin(bytesOf(action))
        return this.#ask({ kind: 'transaction', operations, ...WRITE_TERMS }, pending, () => OK)
      }
      case 'write': {
        const { keys, bytes } = action
        let reply: RespReply = null
        const run = (editor: KeyEditor): void => {
          reply = action.run(editor)
        }
        const pending = this.#begin(bytes)
        return this.#ask({ kind: 'procedure', procedure: { keys, bytes, run }, ...WRITE_TERMS }, pending, () => reply)
      }
      case 'exec':
        return this.#execTransaction()
      case 'node':
        this.#barrier = this.#begin(0)
        this.#nodeAction = action
        return this.#beginNodeAction()
      default:
        return unreachable(action)
    }
  }

  /** EXEC must know what was watched, and the read may have to wait: nothing is taken until it is answered. */
  #watch(action: Extract<Action, { kind: 'read' }>): void {
    const refusal = this.#multi.watch(action)
    if (refusal !== null) return this.#answer(refusal)
    const pending = this.#begin(bytesOf(action))
    this.#barrier = pending
    this.#inspect(pending, action)
  }

  #queue(action: Action, command: Command): void {
    const refusal = this.#multi.add(command, action, this.#parser.words.bytes)
    if (refusal === null) this.#answer(QUEUED)
    else this.#refuse(refusal)
  }

  #inspect(pending: PendingReply, { keys, run }: Extract<Action, { kind: 'read' }>): void {
    let reply: RespReply = null
    const inspection = {
      keys,
      run: (view: KeyView): void => {
        reply = run(view, this.state)
      },
    }
    this.#ask({ kind: 'inspect', inspection, ...READ_TERMS }, pending, () => reply)
  }

  #execTransaction(): void {
    const transaction = this.#multi.take()
    if (!(transaction instanceof QueuedTransaction)) return this.#answer(transaction)
    const { keys, bytes } = transaction
    const pending = this.#begin(bytes)
    // What it changes about the connection holds for the commands after it.
    if (transaction.changesConnection) this.#barrier = pending
    const answer = (): RespReply => transaction.finish()
    if (transaction.isReadOnly) {
      const inspection = { keys, run: (view: KeyView) => transaction.inspect(view) }
      return this.#ask({ kind: 'inspect', inspection, ...READ_TERMS }, pending, answer)
    }
    const procedure = { keys, bytes, run: (editor: KeyEditor) => transaction.run(editor) }
    this.#ask({ kind: 'procedure', procedure, ...WRITE_TERMS }, pending, answer)
  }

  #beginNodeAction(): void {
    const [action, pending] = [this.#nodeAction, this.#barrier]
    if (action === null || pending === null || this.#replies.length > 1) return
    this.#nodeAction = null
    const withdraw = action.run(this.#context.nodeAccess(this.state), (reply) => {
      this.#withdraw = null
      this.#settle(pending, reply)
    })
    if (pending.reply === undefined) this.#withdraw = withdraw
  }

  #abortAttack(): void {
    const { remote } = this.#wire
    this.#context.logger.warn(
      { remote },
      'possible security attack: a browser or another HTTP client spoke to the Redis port, connection closed',
    )
    this.abort()
  }

  // Answering

  /** @param answer to what was done; not asked for if it failed */
  #ask(request: Request, pending: PendingReply, answer: () => RespReply): void {
    this.#context.gateway.request(request, (reply) => this.#settle(pending, this.#replyTo(reply, answer)))
  }

  #replyTo(reply: Reply, answer: () => RespReply): RespReply {
    if (reply.kind === 'failed') return failureReply(reply.error)
    if (reply.kind === 'committed' && reply.version !== null) this.state.lastWrite = reply.version
    return answer()
  }

  /** A command's place among the answers. */
  #begin(bytes: number): PendingReply {
    const { replies, protocol } = this.state
    const pending = new PendingReply(replies !== 'on', protocol, bytes)
    this.#replies.push(pending)
    return pending
  }

  /** An EXEC that can't be one ends the transaction. */
  #refuseCall(error: ErrorReply, { name }: Command): void {
    if (name !== 'exec') return this.#refuse(error)
    this.#multi.forget()
    this.#answer(errorReply(error.text.replace('ERR', 'EXECABORT Transaction discarded because of:')))
  }

  /** In MULTI a refused command makes EXEC refuse, too. */
  #refuse(reply: ErrorReply): void {
    if (this.state.queue !== null) this.state.isAborted = true
    this.#answer(reply)
  }

  #answer(reply: RespReply): void {
    if (this.#replies.length > 0) {
      this.#begin(typeof reply === 'string' ? reply.length : 0).reply = reply
    } else if (this.state.replies === 'on') {
      this.#wire.write(encodeReply(reply, this.state.protocol))
    }
  }

  #settle(pending: PendingReply, reply: RespReply): void {
    if (this.#isOver) return
    pending.reply = reply
    if (pending === this.#barrier) this.#barrier = null
    this.#send()
  }

  /** Answers whose turn has come, as long as the client takes them: until then they are not made into text. */
  #send(): void {
    while (!this.#wire.isClogged) {
      const known = this.#replies.takeKnown()
      if (known === null) break
      if (!known.isMuted) this.#wire.write(encodeReply(known.reply ?? null, known.version))
    }
    this.#beginNodeAction()
    this.#goOn()
    this.#endIfDone()
  }

  /** CLIENT REPLY SKIP is for the command after it alone. */
  #countSkips(): void {
    if (this.state.replies === 'skip-next') this.state.replies = 'skip'
    else if (this.state.replies === 'skip') this.state.replies = 'on'
  }
}
