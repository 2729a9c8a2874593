/**
 * A session of the Redis protocol without a socket, on a gateway that answers when the test says
 * so, with commands that show what the engine does with each kind of action.
 */

import pino from 'pino'
import { AssertionError, bytesFromBinary, keyFromBinary, nativeView, present } from '../../../base/index.ts'
import type { Reply, Request } from '../../../core/index.ts'
import { VersionVector } from '../../../crdt/index.ts'
import type { Gateway } from '../../../server/gateway.ts'
import type { Action, Arguments, Command } from '../../../server/resp/command.ts'
import type { ConnectionState } from '../../../server/resp/connection-state.ts'
import { errorReply, OK } from '../../../server/resp/reply.ts'
import { RespProtocol } from '../../../server/resp/resp-protocol.ts'
import { HeldBytes } from '../../../server/tcp/held-bytes.ts'
import { Turns } from '../../../server/tcp/turns.ts'
import type { Session, Wire } from '../../../server/tcp/wire.ts'

const HELD_BYTES_MAX = 64 * 1024 * 1024
export const MAX_VALUE_BYTES = 64 * 1024

/** What the engine asked, and the way to answer it. */
export interface Asked {
  readonly request: Request
  answer(reply: Reply): void
}

class TestWire implements Wire {
  readonly remote = '127.0.0.1:5000'
  isClogged = false
  isPaused = false
  isExpecting = false
  ending: 'open' | 'ended' | 'destroyed' = 'open'
  text = ''

  write(text: string): void {
    this.text += text
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  expect(isExpecting: boolean): void {
    this.isExpecting = isExpecting
  }

  end(): void {
    if (this.ending === 'open') this.ending = 'ended'
  }

  destroy(): void {
    this.ending = 'destroyed'
  }
}

export class ScriptedSession {
  readonly wire = new TestWire()
  readonly session: Session
  readonly held = new HeldBytes(HELD_BYTES_MAX)
  readonly asked: Asked[] = []
  /** Node actions under way: how to end them. */
  readonly actions: ((text: string) => void)[] = []
  /** Node actions that were withdrawn. */
  withdrawn = 0

  constructor() {
    const gateway: Gateway = {
      request: (request, done) => {
        this.asked.push({ request, answer: done })
        return () => {}
      },
      status: () => {
        throw new AssertionError('no test asks for it')
      },
      isReady: true,
    }
    const node: Action = {
      kind: 'node',
      run: (_access, done) => {
        this.actions.push((text) => done(text))
        return () => {
          this.withdrawn += 1
        }
      },
    }
    const protocol = new RespProtocol({
      gateway,
      commands: [...COMMANDS, entry('node', 1, () => node)],
      maxValueBytes: MAX_VALUE_BYTES,
      turns: new Turns(),
      held: this.held,
      logger: pino({ level: 'silent' }),
    })
    this.session = protocol.open(this.wire)
  }

  /** Lines of inline commands arrive. */
  send(...lines: readonly string[]): void {
    this.sendRaw(lines.map((line) => `${line}\r\n`).join(''))
  }

  sendRaw(binary: string): void {
    this.session.take(Buffer.from(nativeView(bytesFromBinary(binary))))
  }

  /** What was answered since the last call. */
  answers(): string {
    const { text } = this.wire
    this.wire.text = ''
    return text
  }

  /** The core answers request `index`; reads find nothing, procedures write nothing. */
  answer(index: number): void {
    const { request, answer } = present(this.asked[index], `request ${index} was asked`)
    if (request.kind === 'inspect') {
      request.inspection.run({ wallMs: 0, read: () => null })
      answer({ kind: 'inspected' })
    } else {
      if (request.kind === 'procedure') request.procedure.run({ wallMs: 0, read: () => null, set: () => {}, delete: () => false })
      answer({ kind: 'committed', version: null, deleted: 0, session: new VersionVector() })
    }
  }
}

function entry(name: string, arity: number, read: (words: Arguments) => Action): Command {
  return { name, group: 'generic', arity, flags: [], keys: { first: 0, last: 0, step: 0 }, summary: '', read }
}

function onConnection(run: (connection: ConnectionState) => void): Action {
  return {
    kind: 'connection',
    run: (connection) => {
      run(connection)
      return OK
    },
  }
}

const COMMANDS: readonly Command[] = [
  entry('echo', 2, (words) => ({ kind: 'answer', reply: words.binary(1) })),
  entry('fail', -1, () => ({ kind: 'answer', reply: errorReply('ERR as told') })),
  entry('get', 2, (words) => {
    const key = keyFromBinary(words.binary(1))
    return { kind: 'read', keys: [key], run: (view) => view.read(key)?.value.data ?? null }
  }),
  {
    ...entry('long', 2, (words) => ({ kind: 'read', keys: [keyFromBinary(words.binary(1))], run: () => null })),
    flags: ['no_multi'],
  },
  entry('set', 3, (words) => ({ kind: 'set', key: keyFromBinary(words.binary(1)), value: { type: 'bytes', data: words.binary(2) } })),
  entry('append', 3, (words) => {
    const key = keyFromBinary(words.binary(1))
    const data = words.binary(2)
    return {
      kind: 'write',
      keys: [key],
      bytes: key.length + data.length,
      run: (editor) => {
        const grown = (editor.read(key)?.value.data ?? '') + data
        editor.set(key, { type: 'bytes', data: grown }, null)
        return grown.length
      },
    }
  }),
  entry('watch', 2, (words) => {
    const key = keyFromBinary(words.binary(1))
    return {
      kind: 'read',
      keys: [key],
      run: (view, connection) => {
        connection.watched.set(key, view.read(key)?.version.dot ?? null)
        return OK
      },
    }
  }),
  entry('multi', 1, () =>
    onConnection((connection) => {
      connection.queue = []
    }),
  ),
  entry('exec', 1, () => ({ kind: 'exec' })),
  entry('resp3', 1, () =>
    onConnection((connection) => {
      connection.protocol = 3
    }),
  ),
  entry('replies', 2, (words) =>
    onConnection((connection) => {
      connection.replies = words.is(1, 'ON') ? 'on' : words.is(1, 'OFF') ? 'off' : 'skip-next'
    }),
  ),
  entry('quit', 1, () =>
    onConnection((connection) => {
      connection.isClosing = true
    }),
  ),
]
