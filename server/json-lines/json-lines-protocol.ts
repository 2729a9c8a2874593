/** JSON lines on a door: what their connections share, and how one begins. */

import type { Logger } from 'pino'
import { SessionTokens } from '../api/session-tokens.ts'
import type { Gateway } from '../gateway.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'
import type { Turns } from '../tcp/turns.ts'
import type { Protocol, Session, Wire } from '../tcp/wire.ts'
import { type LinesContext, LinesSession } from './lines-session.ts'

export interface JsonLinesOptions {
  readonly gateway: Gateway
  /** Of one value, in bytes. */
  readonly maxValueBytes: number
  readonly turns: Turns
  readonly held: HeldBytes
  readonly logger: Logger
}

export class JsonLinesProtocol implements Protocol {
  readonly #context: LinesContext

  constructor({ gateway, maxValueBytes, turns, held, logger }: JsonLinesOptions) {
    this.#context = { gateway, maxValueBytes, tokens: new SessionTokens(), turns, held, log: logger }
  }

  open(wire: Wire): Session {
    return new LinesSession(this.#context, wire)
  }
}
