/** What a connection of the Redis protocol remembers between commands. */

import type { Key } from '../../base/index.ts'
import type { Dot } from '../../crdt/index.ts'
import type { Action } from './command.ts'

export interface QueuedCommand {
  readonly name: string
  readonly action: Action
}

export interface ConnectionState {
  /** Unique within the process's life. */
  readonly id: number
  /** `host:port` of the client. */
  readonly remote: string
  readonly openedAtMs: number
  /** CLIENT SETNAME; empty if it has none. */
  name: string
  /** CLIENT SETINFO. */
  library: { name: string; version: string }
  /** HELLO. */
  protocol: 2 | 3
  /** Commands between MULTI and EXEC; null outside. */
  queue: QueuedCommand[] | null
  /** A queued command was refused: EXEC answers EXECABORT. */
  isAborted: boolean
  /** Keys under WATCH, with the version that was seen; null: there was none. */
  watched: Map<Key, Dot | null>
  /** The last transaction that this connection was answered for: what WAIT counts the copies of. */
  lastWrite: Dot | null
  /** Name of the command that ran last, for CLIENT LIST. */
  lastCommand: string
  /** QUIT, or a protocol error: close once all is answered. */
  isClosing: boolean
  /** CLIENT REPLY OFF or SKIP. */
  replies: 'on' | 'off' | 'skip-next' | 'skip'
}
