/**
 * How a node finds its peers: at addresses that an operator lists, or by the cluster's topic on a
 * DHT; and what each way asks of hyperdht. Addresses are the default: they need no other node to
 * be alive, while a DHT of three loses its memory with one of them.
 */

import type { Address, Options } from 'hyperdht'
import type { NodeName } from '../base/index.ts'

/** Where a peer is reached: `host` is an IPv4 address or a host name. */
export interface PeerAddress {
  readonly name: NodeName
  readonly host: string
  readonly port: number
}

export type Discovery =
  /** Only the listed peers, at their addresses: needs no other node and lets nobody else in. */
  | { readonly kind: 'static'; readonly peers: readonly PeerAddress[] }
  /**
   * Whoever has the secret, found by a topic on a DHT: a private one of the nodes in
   * `bootstrap`, or the public one (`null`). `peers` are reached at their addresses besides.
   */
  | { readonly kind: 'dht'; readonly bootstrap: readonly Address[] | null; readonly peers?: readonly PeerAddress[] }

/**
 * When an unanswered request to a known address is sent again, in ms. The default of 1000 is how
 * long a peer's return would go unnoticed. An answer is taken until the last of these is over, so
 * a first contact may take up to two seconds.
 */
const RESEND = { min: 250, max: 1000, jitter: 50, fallback: [250, 250, 500, 1000] }
/** hyperdht takes 0 for its default port, and an empty range for any. */
const ANY_PORT = [0, 0] as const

/** Options of hyperdht for a node that listens on `host` and `port` (0: any) alone. */
export function dhtOptionsFor(discovery: Discovery, host: string, port: number): Options {
  const listening = { host, port: port === 0 ? ANY_PORT : port, anyPort: port === 0 }
  // Nodes of a private DHT reach each other directly: finding out about address translation is left out.
  if (discovery.kind === 'static') return { ...listening, bootstrap: [], ephemeral: true, firewalled: false, adaptiveTimeout: RESEND }
  if (discovery.bootstrap === null) return listening
  return { ...listening, bootstrap: [...discovery.bootstrap], ephemeral: false, firewalled: false, adaptiveTimeout: RESEND }
}
