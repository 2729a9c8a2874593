/** The Redis protocol on a door: what its connections share, and how one begins. */

import type { Logger } from 'pino'
import { KEY_BYTES_MAX } from '../../base/index.ts'
import type { Gateway } from '../gateway.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'
import type { Turns } from '../tcp/turns.ts'
import type { Protocol, Session, Wire } from '../tcp/wire.ts'
import type { Command, NodeAccess } from './command.ts'
import { CommandIndex } from './command-index.ts'
import type { ConnectionState } from './connection-state.ts'
import type { ParserLimits } from './request-parser.ts'
import { RespSession } from './resp-session.ts'

export interface RespOptions {
  readonly gateway: Gateway
  readonly commands: readonly Command[]
  /** Of one value, in bytes. */
  readonly maxValueBytes: number
  readonly turns: Turns
  readonly held: HeldBytes
  readonly logger: Logger
}

/** What a session needs of its surroundings. */
export interface RespContext {
  readonly gateway: Gateway
  readonly commands: CommandIndex
  readonly parserLimits: ParserLimits
  readonly turns: Turns
  readonly logger: Logger
  /** The open ones, by id. */
  readonly sessions: Map<number, RespSession>
  nodeAccess(connection: ConnectionState): NodeAccess
}

export class RespProtocol implements Protocol {
  readonly #context: RespContext
  #lastId = 0

  constructor({ gateway, commands, maxValueBytes, turns, held, logger }: RespOptions) {
    const sessions = new Map<number, RespSession>()
    this.#context = {
      gateway,
      commands: new CommandIndex(commands),
      // Keys may be longer than values.
      parserLimits: { bulkBytesMax: Math.max(maxValueBytes, KEY_BYTES_MAX), held },
      turns,
      logger,
      sessions,
      nodeAccess: (connection) => ({
        gateway,
        connection,
        connections: () => [...sessions.values()].map(({ state }) => state),
        close: (id) => {
          const session = sessions.get(id)
          session?.abort()
          return session !== undefined
        },
        after: (ms, action) => {
          const timer = setTimeout(action, ms)
          return () => clearTimeout(timer)
        },
      }),
    }
  }

  open(wire: Wire): Session {
    this.#lastId += 1
    const session = new RespSession(this.#context, wire, newConnection(this.#lastId, wire.remote))
    this.#context.sessions.set(this.#lastId, session)
    return session
  }
}

function newConnection(id: number, remote: string): ConnectionState {
  return {
    id,
    remote,
    openedAtMs: Date.now(),
    name: '',
    library: { name: '', version: '' },
    protocol: 2,
    queue: null,
    isAborted: false,
    watched: new Map(),
    lastWrite: null,
    lastCommand: '',
    isClosing: false,
    replies: 'on',
  }
}
