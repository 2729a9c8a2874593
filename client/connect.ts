/**
 * Opens a database over HTTP. Nothing is sent until the first call, so `connect` can't fail for a
 * reason of the network; what it refuses is an address that could never work, with a message that
 * shows one that would.
 */

import { SkeinError } from '../base/index.ts'
import type { ReadConsistency } from './channel.ts'
import { Database } from './database.ts'
import { ATTEMPT_TIMEOUT_DEFAULT_MS, CALL_TIMEOUT_DEFAULT_MS, checkToken, HttpChannel, RESPONSE_BYTES_MAX } from './http-channel.ts'
import { checkedTimeout } from './options.ts'

export interface ConnectOptions {
  /** Addresses of nodes, such as `http://127.0.0.1:8401`. The first is tried first. */
  readonly nodes: readonly string[]
  readonly token?: string | undefined
  /** For each call as a whole, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number | undefined
  /**
   * What one node gets before the next is tried, in milliseconds. Default 4 s. Shorter fails over
   * sooner, but takes a node that is merely busy for a dead one. Writes that wait for other nodes
   * (`w`) are not cut short by it.
   */
  readonly attemptTimeoutMs?: number | undefined
  /** Of reads that don't say. Default `session`. */
  readonly consistency?: ReadConsistency | undefined
  /** Instead of the platform's. */
  readonly fetch?: typeof fetch | undefined
  /** Evenly from 0 to below 1, for the jitter of back-offs. */
  readonly random?: (() => number) | undefined
  /** The largest answer that is read, in bytes. */
  readonly responseBytesMax?: number | undefined
}

const NODES_MAX = 64

/**
 * A database on the cluster that `nodes` belong to. Close it when done.
 * @throws BAD_REQUEST
 */
export function connect(options: ConnectOptions): Database {
  const timeoutMs = checkedTimeout(options.timeoutMs ?? CALL_TIMEOUT_DEFAULT_MS, 'timeoutMs')
  const channel = new HttpChannel({
    nodes: checkedNodes(options.nodes),
    token: options.token === undefined ? null : checkToken(options.token),
    // Called as a plain function: a browser's fetch refuses to be a method of something else.
    send: options.fetch ?? ((input, init) => fetch(input, init)),
    random: options.random ?? Math.random,
    attemptTimeoutMs: checkedTimeout(options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_DEFAULT_MS, 'attemptTimeoutMs'),
    responseBytesMax: options.responseBytesMax ?? RESPONSE_BYTES_MAX,
  })
  return new Database(channel, { timeoutMs, consistency: options.consistency })
}

function checkedNodes(nodes: unknown): readonly string[] {
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw new SkeinError('BAD_REQUEST', "nodes is to be a list of addresses, such as ['http://127.0.0.1:8401']")
  }
  if (nodes.length > NODES_MAX)
    throw new SkeinError('BAD_REQUEST', `nodes has ${nodes.length} addresses, at most ${NODES_MAX} are used: name a few`)
  return [...new Set(nodes.map(checkedNode))]
}

/** The address without a slash at its end. */
function checkedNode(node: unknown): string {
  const shown = JSON.stringify(node)
  if (typeof node !== 'string' || !URL.canParse(node)) {
    throw new SkeinError('BAD_REQUEST', `the node ${shown} is no address: write it as http://127.0.0.1:8401`)
  }
  const url = new URL(node)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SkeinError('BAD_REQUEST', `the node ${shown} does not begin with http:// or https://: write it as http://127.0.0.1:8401`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new SkeinError('BAD_REQUEST', `the node at ${url.host} has a user in its address: pass the token as \`token\``)
  }
  if (url.search !== '' || url.hash !== '') {
    throw new SkeinError('BAD_REQUEST', `the node ${shown} has more than an address: leave out what follows "?" or "#"`)
  }
  return url.href.endsWith('/') ? url.href.slice(0, -1) : url.href
}
