/**
 * A client of the Redis protocol at full load: as many writes under way on one connection as its
 * window has room for, each known by its keys, and told which of them were acknowledged.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { command } from '../server/resp/running-resp.ts'
import { replyAt } from './resp-replies.ts'

/** One key by itself, or several as one transaction. */
export interface PipelinedWrite {
  readonly keys: readonly string[]
  readonly value: string
}

export interface WriterEvents {
  /** The next write, or null: no more. */
  next(): PipelinedWrite | null
  acknowledged(write: PipelinedWrite): void
  /** @param answer an error */
  refused(write: PipelinedWrite, answer: string): void
}

interface UnderWay {
  readonly write: PipelinedWrite
  /** Answers until that which says what became of it. */
  left: number
}

export class PipelinedWriter {
  readonly #socket: Socket
  readonly #window: number
  readonly #events: WriterEvents
  readonly #underWay: UnderWay[] = []
  #received = ''
  #isOver = false

  private constructor(socket: Socket, window: number, events: WriterEvents) {
    this.#socket = socket
    this.#window = window
    this.#events = events
  }

  /** @param name comes back as the connection's first answer */
  static async connect(port: number, name: string, window: number, events: WriterEvents): Promise<PipelinedWriter> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    socket.write(command('ECHO', name))
    await once(socket, 'data')
    return new PipelinedWriter(socket, window, events)
  }

  /** Writes until there is nothing more to write and all is answered, or the connection is gone. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.on('error', () => {})
      this.#socket.on('close', () => resolve())
      this.#socket.on('data', (chunk) => this.#take(chunk.toString('latin1')))
      this.#fill()
    })
  }

  #fill(): void {
    let text = ''
    while (!this.#isOver && this.#underWay.length < this.#window) {
      const write = this.#events.next()
      if (write === null) this.#isOver = true
      else {
        const sets = write.keys.map((key) => command('SET', key, write.value))
        text += sets.length === 1 ? sets.join('') : command('MULTI') + sets.join('') + command('EXEC')
        this.#underWay.push({ write, left: sets.length === 1 ? 1 : sets.length + 2 })
      }
    }
    if (text !== '') this.#socket.write(text)
    if (this.#underWay.length === 0) this.#socket.destroy()
  }

  #take(chunk: string): void {
    const text = this.#received + chunk
    let at = 0
    for (let reply = replyAt(text, at); reply !== null; reply = replyAt(text, at)) {
      at += reply.length
      this.#answered(reply)
    }
    this.#received = text.slice(at)
    this.#fill()
  }

  #answered(reply: string): void {
    const [first] = this.#underWay
    if (first === undefined) throw new Error(`nobody waits for ${JSON.stringify(reply)}`)
    first.left -= 1
    if (first.left > 0) return
    this.#underWay.shift()
    // Of a transaction each command has its own answer.
    if (/^[+*]/.test(reply) && !reply.includes('-')) this.#events.acknowledged(first.write)
    else this.#events.refused(first.write, reply)
  }
}
