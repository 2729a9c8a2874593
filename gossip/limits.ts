/**
 * What a peer may cost: the bounds of the network side, with their units. Past a bound the
 * connection is closed and counted (`refusals.ts`); a peer that means well connects again.
 */

import { MIB, SECOND_MS } from '../base/index.ts'

export interface TransportLimits {
  /** Open connections, those included that have not said hello. */
  readonly connectionsMax: number
  /** Open connections under one key: one that is up, one that replaces it, one for bad luck. */
  readonly connectionsPerPeerMax: number
  /** One message of a replica. */
  readonly messageBytesMax: number
  /**
   * Bytes written to a connection and not yet taken by its socket, logs included. Higher rides
   * out longer pauses of a peer; a connection past it is closed, and the peer catches up after it.
   */
  readonly unsentBytesMax: number
  /** From the connection to both hellos checked. */
  readonly helloTimeoutMs: number
  /** Something is sent at least so often. */
  readonly keepAliveMs: number
  /** A connection on which nothing arrived for so long is dead: about 3 × `keepAliveMs`. Lower mistakes pauses for deaths. */
  readonly silenceTimeoutMs: number
  /** How long a peer that refused this node, or was refused by it, is not dialled. */
  readonly restAfterRefusalMs: number
}

export const DEFAULT_LIMITS: TransportLimits = {
  connectionsMax: 256,
  connectionsPerPeerMax: 3,
  messageBytesMax: 1 * MIB,
  unsentBytesMax: 32 * MIB,
  helloTimeoutMs: 1.8 * SECOND_MS,
  keepAliveMs: 1 * SECOND_MS,
  silenceTimeoutMs: 3 * SECOND_MS,
  restAfterRefusalMs: 5 * SECOND_MS,
}
