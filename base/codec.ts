/**
 * Bounded binary codec: every encoding of the protocol is written with a `ByteWriter` and read
 * with a `ByteReader` that checks each length against what is left before it touches a byte.
 *
 * Integers are LEB128 varints up to 2^53 - 1. The encoding is canonical (no padded varints), so
 * equal values have equal bytes. A malformed input throws `MalformedError`, which the caller
 * turns into the failure of its own layer (a CORRUPT log, a closed connection).
 */

import { assert } from './assert.ts'
import { allocateBytes, binaryFromBytes, nativeView, writeBinary } from './bytes.ts'

export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

const INITIAL_BYTES = 256
/** A varint of 53 bits takes at most 8 bytes. */
const VARINT_BYTES_MAX = 8

/** A growing output buffer. `finish` hands over the written bytes; the writer can be used again. */
export class ByteWriter {
  #bytes = allocateBytes(INITIAL_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  uint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'only integers from 0 to 2^53 - 1 are encoded')
    this.#reserve(VARINT_BYTES_MAX)
    let rest = value
    while (rest >= 0x80) {
      // `%` and division, not bit operations: those would cut the value to 32 bits.
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
    return this
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  /** Bytes without a length: the reader knows how many there are. */
  fixed(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  bytes(bytes: Uint8Array): this {
    return this.uint(bytes.length).fixed(bytes)
  }

  /** A binary string (see `bytes.ts`) with its length. */
  binary(text: string): this {
    this.uint(text.length)
    this.#reserve(text.length)
    writeBinary(this.#bytes, this.#length, text)
    this.#length += text.length
    return this
  }

  finish(): Uint8Array {
    // Not `slice`, which for Node's buffers is a view.
    const bytes = new Uint8Array(this.#length)
    bytes.set(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return bytes
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = allocateBytes(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    // Once, not again for each text in it.
    this.#bytes = nativeView(bytes)
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** An integer; `max` is the largest that means anything here. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && count > 0) throw new MalformedError('an integer is padded')
        if (value > max) throw new MalformedError(`an integer is ${value}, at most ${max} is allowed`)
        return value
      }
      scale *= 0x80
    }
    throw new MalformedError('an integer is longer than 53 bits')
  }

  byte(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw new MalformedError('the bytes end early')
    this.#offset += 1
    return byte
  }

  /** A view of the next `count` bytes: valid only as long as the input is. */
  fixed(count: number): Uint8Array {
    if (count > this.remaining) throw new MalformedError(`${count} bytes are announced, ${this.remaining} are left`)
    const view = this.#bytes.subarray(this.#offset, this.#offset + count)
    this.#offset += count
    return view
  }

  /** Bytes of their own, which stay valid when the input is gone. */
  bytes(maxLength: number): Uint8Array {
    return new Uint8Array(this.fixed(this.uint(maxLength)))
  }

  binary(maxLength: number): string {
    const length = this.uint(maxLength)
    if (length > this.remaining) throw new MalformedError(`${length} bytes are announced, ${this.remaining} are left`)
    const text = binaryFromBytes(this.#bytes, this.#offset, this.#offset + length)
    this.#offset += length
    return text
  }

  end(): void {
    if (this.remaining !== 0) throw new MalformedError(`${this.remaining} bytes are left over`)
  }
}
