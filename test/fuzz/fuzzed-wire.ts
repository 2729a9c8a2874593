/**
 * A connection without a socket whose client behaves badly in every way that a socket allows: what
 * it sends arrives in pieces cut anywhere, and it stops reading now and then.
 */

import type { Chance, Prng } from '../../base/index.ts'
import type { Protocol, Session, Wire } from '../../server/tcp/wire.ts'

const CLOGGING: Chance = { numerator: 1, denominator: 50 }
const SINGLE_BYTES: Chance = { numerator: 1, denominator: 10 }
/** More would be slow for what it shows. */
const SINGLE_BYTES_LENGTH_MAX = 1024
const CUTS_MAX = 6
const END_DEADLINE_MS = 30_000

/** Sends `text` over a connection of its own, and says that this was all. Returns all that is answered. */
export function converse(protocol: Protocol, text: string, random: Prng): Promise<string> {
  return send(protocol, Buffer.from(text, 'latin1'), cutsOf(text.length, random), random)
}

/** As `converse`, in two pieces, to a client that always reads. */
export function converseCut(protocol: Protocol, text: string, cut: number): Promise<string> {
  return send(protocol, Buffer.from(text, 'latin1'), [cut], null)
}

function send(protocol: Protocol, bytes: Buffer, cuts: readonly number[], random: Prng | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const wire = new FuzzedWire(random, resolve)
    const timer = setTimeout(
      () => reject(new Error(`no end after ${JSON.stringify(bytes.toString('latin1'))}, answered so far: ${JSON.stringify(wire.sent)}`)),
      END_DEADLINE_MS,
    )
    wire.onEnd = (sent) => {
      clearTimeout(timer)
      resolve(sent)
    }
    wire.begin(protocol, bytes, cuts)
  })
}

function cutsOf(length: number, random: Prng): number[] {
  if (length <= SINGLE_BYTES_LENGTH_MAX && random.chance(SINGLE_BYTES)) return Array.from({ length }, (_, at) => at)
  return Array.from({ length: random.below(CUTS_MAX) }, () => random.below(length + 1)).sort((left, right) => left - right)
}

class FuzzedWire implements Wire {
  readonly remote = '127.0.0.1:1'
  isClogged = false
  sent = ''
  onEnd: (sent: string) => void
  readonly #random: Prng | null
  #session: Session | null = null
  #pieces: Buffer[] = []
  #isPaused = false
  #isFeeding = false
  #isInputOver = false
  #isEnded = false

  constructor(random: Prng | null, onEnd: (sent: string) => void) {
    this.#random = random
    this.onEnd = onEnd
  }

  begin(protocol: Protocol, bytes: Buffer, cuts: readonly number[]): void {
    const bounds = [0, ...cuts, bytes.length]
    // Each piece is a copy: a session may keep what it is handed.
    for (let i = 1; i < bounds.length; i++) {
      const piece = bytes.subarray(bounds[i - 1], bounds[i])
      if (piece.length > 0) this.#pieces.push(Buffer.from(piece))
    }
    this.#session = protocol.open(this)
    this.#feed()
  }

  write(text: string): void {
    if (this.#isEnded) return
    this.sent += text
    if (this.isClogged || this.#random === null || !this.#random.chance(CLOGGING)) return
    this.isClogged = true
    setImmediate(() => {
      this.isClogged = false
      if (!this.#isEnded) this.#session?.drained()
    })
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#isFeeding) setImmediate(() => this.#feed())
  }

  expect(): void {}

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    setImmediate(() => {
      this.#session?.closed()
      this.onEnd(this.sent)
    })
  }

  destroy(): void {
    this.end()
  }

  /** Like a socket: hands over what has arrived until it is told to wait. */
  #feed(): void {
    this.#isFeeding = true
    while (!this.#isPaused && !this.#isEnded) {
      const piece = this.#pieces.shift()
      if (piece === undefined) break
      this.#session?.take(piece)
    }
    this.#isFeeding = false
    if (this.#isPaused || this.#isEnded || this.#isInputOver) return
    this.#isInputOver = true
    this.#session?.inputEnded()
  }
}
