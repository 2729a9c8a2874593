/** Addresses as options have them: `host:port`, and `name@host:port` for a peer. */

import { type NodeName, parseNodeName, SkeinError } from '../base/index.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
}

export interface Peer extends HostPort {
  readonly name: NodeName
}

const PORT_MAX = 65_535

/** `127.0.0.1:4901`, `node.example:4901` or `[::1]:4901`. @throws BAD_REQUEST */
export function parseAddress(text: string, name: string): HostPort {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1')
  const digits = text.slice(colon + 1)
  const port = Number(digits)
  const isPort = digits !== '' && [...digits].every((digit) => digit >= '0' && digit <= '9') && port >= 1 && port <= PORT_MAX
  if (colon > 0 && host !== '' && isPort) return { host, port }
  throw new SkeinError(
    'BAD_REQUEST',
    `${name} has ${JSON.stringify(text.slice(0, 80))}, which is no address: write host:port, such as 127.0.0.1:4901`,
  )
}

/** `n2@127.0.0.1:4902`. @throws BAD_REQUEST */
export function parsePeer(text: string, name: string): Peer {
  const at = text.indexOf('@')
  if (at < 1) {
    throw new SkeinError(
      'BAD_REQUEST',
      `${name} has ${JSON.stringify(text.slice(0, 80))}, which is no peer: write name@host:port, such as n2@127.0.0.1:4902`,
    )
  }
  return { name: parseNodeName(text.slice(0, at)), ...parseAddress(text.slice(at + 1), name) }
}
