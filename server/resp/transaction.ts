/**
 * What MULTI queued, as one transaction of the core: the commands run in order, each sees what
 * those before it wrote, and nothing of others comes between. As in Redis, a command that fails
 * does not undo the others.
 *
 * Watched keys are looked at here, in the same run, and not as conditions of the request: a
 * transaction that only reads can be stopped by them too, and no failure of the core has to be
 * taken apart to know why it was one.
 */

import { AssertionError, assert, type Key, unreachable } from '../../base/index.ts'
import type { KeyEditor, KeyView } from '../../core/index.ts'
import { type Dot, sameDot } from '../../crdt/index.ts'
import type { Action } from './command.ts'
import type { ConnectionState, QueuedCommand } from './connection-state.ts'
import { withinReply } from './encoder.ts'
import { NIL_ARRAY, OK, type RespReply } from './reply.ts'

/** What an action adds to a transaction's share of an entry, and to what a connection has under way. */
export function bytesOf(action: Action): number {
  switch (action.kind) {
    case 'set':
      return action.key.length + action.value.data.length
    case 'write':
      return action.bytes
    case 'read':
      return action.keys.reduce((bytes, key) => bytes + key.length, 0)
    case 'answer':
    case 'connection':
    case 'exec':
    case 'node':
      return 0
    default:
      return unreachable(action)
  }
}

export class QueuedTransaction {
  readonly keys: readonly Key[]
  readonly bytes: number
  /** Nothing in it writes: it needs no place among the writes, and a node that takes none can do it. */
  readonly isReadOnly: boolean
  /** Something in it concerns the connection. */
  readonly changesConnection: boolean
  readonly #queue: readonly QueuedCommand[]
  readonly #watched: ReadonlyMap<Key, Dot | null>
  readonly #connection: ConnectionState
  /** Of the last run; null if a watched key had changed. */
  #replies: RespReply[] | null = null

  constructor(queue: readonly QueuedCommand[], watched: ReadonlyMap<Key, Dot | null>, connection: ConnectionState) {
    this.#queue = queue
    this.#watched = watched
    this.#connection = connection
    this.keys = [...new Set([...watched.keys(), ...queue.flatMap(({ action }) => keysOf(action))])]
    this.bytes = queue.reduce((bytes, { action }) => bytes + bytesOf(action), 0)
    this.changesConnection = queue.some(({ action }) => action.kind === 'connection')
    this.isReadOnly = queue.every(({ action }) => action.kind !== 'set' && action.kind !== 'write')
  }

  /** As one that only reads. */
  inspect(view: KeyView): void {
    assert(this.isReadOnly, 'what writes needs an editor')
    this.#run(view, null)
  }

  run(editor: KeyEditor): void {
    this.#run(editor, editor)
  }

  /** Its answer, after the last run. What concerns the connection is done now, once. */
  finish(): RespReply {
    if (this.#replies === null) return NIL_ARRAY
    const replies = this.#replies.map((reply, index) => {
      const action = this.#queue[index]?.action
      return action?.kind === 'connection' ? action.run(this.#connection) : reply
    })
    return withinReply(replies)
  }

  #run(view: KeyView, editor: KeyEditor | null): void {
    this.#replies = null
    for (const [key, seen] of this.#watched) if (!isSame(view.read(key)?.version.dot ?? null, seen)) return
    this.#replies = this.#queue.map(({ action }) => this.#reply(action, view, editor))
  }

  #reply(action: Action, view: KeyView, editor: KeyEditor | null): RespReply {
    switch (action.kind) {
      case 'answer':
        return action.reply
      case 'read':
        return action.run(view, this.#connection)
      case 'set':
        assert(editor !== null, 'a transaction with a write is run with an editor')
        editor.set(action.key, action.value, null)
        return OK
      case 'write':
        assert(editor !== null, 'a transaction with a write is run with an editor')
        return action.run(editor)
      case 'connection':
        // `finish` does it, and puts its answer here.
        return null
      case 'exec':
      case 'node':
        throw new AssertionError(`${action.kind} is not queued`)
      default:
        return unreachable(action)
    }
  }
}

function keysOf(action: Action): readonly Key[] {
  if (action.kind === 'set') return [action.key]
  return action.kind === 'read' || action.kind === 'write' ? action.keys : []
}

function isSame(left: Dot | null, right: Dot | null): boolean {
  return left === null || right === null ? left === right : sameDot(left, right)
}
