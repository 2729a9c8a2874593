/**
 * Replies as the bytes of the protocol, in the version that the connection speaks. The bytes are
 * a binary string: joining strings costs a pointer each, and the socket copies them once, where
 * writing a thousand small answers into a buffer would be a thousand calls into the runtime.
 */

import { assert, MIB, unreachable } from '../../base/index.ts'
import { errorReply, type RespReply } from './reply.ts'

export type ProtocolVersion = 2 | 3

/** One reply. A longer one is answered as an error: nobody holds more for one slow reader. */
export const REPLY_BYTES_MAX = 32 * MIB
/** What stands around an item, at most. */
const ITEM_OVERHEAD_BYTES = 16
const TOO_LONG = errorReply(`TOO_LARGE the answer has more than ${REPLY_BYTES_MAX} bytes: ask for less at a time`)

/** @param reply whole: an error instead if it is longer than `REPLY_BYTES_MAX` */
export function encodeReply(reply: RespReply, version: ProtocolVersion): string {
  if (typeof reply === 'string') return encodeBulk(reply)
  if (isSingle(reply) || sizeUpTo(reply, REPLY_BYTES_MAX) <= REPLY_BYTES_MAX) return encode(reply, version)
  return encode(TOO_LONG, version)
}

/**
 * Items of one answer that must not be lost as a whole, since what it tells of is done: those that
 * would make it too long are errors in their places.
 */
export function withinReply(items: readonly RespReply[]): readonly RespReply[] {
  let left = REPLY_BYTES_MAX - ITEM_OVERHEAD_BYTES - items.length * sizeUpTo(TOO_LONG, REPLY_BYTES_MAX)
  return items.map((item) => {
    const size = sizeUpTo(item, left)
    if (size > left) return TOO_LONG
    left -= size
    return item
  })
}

function encode(reply: RespReply, version: ProtocolVersion): string {
  if (typeof reply === 'string') return encodeBulk(reply)
  if (typeof reply === 'number') return encodeInteger(reply)
  if (reply === null) return version === 3 ? '_\r\n' : '$-1\r\n'
  if (isArray(reply)) return encodeItems('*', reply, version)
  switch (reply.kind) {
    case 'simple':
      return `+${reply.text}\r\n`
    case 'error':
      return `-${onOneLine(reply.text)}\r\n`
    case 'map': {
      let text = version === 3 ? `%${reply.entries.length}\r\n` : `*${2 * reply.entries.length}\r\n`
      for (const [name, value] of reply.entries) text += encode(name, version) + encode(value, version)
      return text
    }
    case 'set':
      return encodeItems(version === 3 ? '~' : '*', reply.items, version)
    case 'verbatim':
      return version === 3 ? `=${reply.data.length + 4}\r\ntxt:${reply.data}\r\n` : encodeBulk(reply.data)
    case 'nil-array':
      return version === 3 ? '_\r\n' : '*-1\r\n'
    default:
      return unreachable(reply)
  }
}

function encodeBulk(data: string): string {
  return `$${data.length}\r\n${data}\r\n`
}

function encodeInteger(value: number): string {
  assert(Number.isSafeInteger(value), 'a number that is answered is a whole one')
  return `:${value}\r\n`
}

function encodeItems(sign: string, items: readonly RespReply[], version: ProtocolVersion): string {
  let text = `${sign}${items.length}\r\n`
  for (const item of items) text += encode(item, version)
  return text
}

/** An error's text often repeats what a client sent: it must not end the line. */
function onOneLine(text: string): string {
  return text.includes('\r') || text.includes('\n') ? text.replaceAll('\r', ' ').replaceAll('\n', ' ') : text
}

/** True for what is never long, or is one value, which has a limit of its own. */
function isSingle(reply: RespReply): boolean {
  if (typeof reply !== 'object' || reply === null) return true
  return !isArray(reply) && reply.kind !== 'map' && reply.kind !== 'set'
}

/** About its bytes, encoded; counted no further than a little past `limit`. */
function sizeUpTo(reply: RespReply, limit: number): number {
  if (typeof reply === 'string') return reply.length + ITEM_OVERHEAD_BYTES
  if (typeof reply === 'number' || reply === null) return ITEM_OVERHEAD_BYTES
  if (isArray(reply)) return sizeOfAll(reply, limit)
  switch (reply.kind) {
    case 'simple':
    case 'error':
      return reply.text.length + ITEM_OVERHEAD_BYTES
    case 'verbatim':
      return reply.data.length + ITEM_OVERHEAD_BYTES
    case 'nil-array':
      return ITEM_OVERHEAD_BYTES
    case 'map':
      return sizeOfAll(reply.entries, limit)
    case 'set':
      return sizeOfAll(reply.items, limit)
    default:
      return unreachable(reply)
  }
}

function sizeOfAll(items: readonly RespReply[], limit: number): number {
  let size = ITEM_OVERHEAD_BYTES
  for (const item of items) {
    size += sizeUpTo(item, limit)
    if (size > limit) break
  }
  return size
}

/** `Array.isArray` does not know read-only arrays. */
function isArray(reply: RespReply): reply is readonly RespReply[] {
  return Array.isArray(reply)
}
