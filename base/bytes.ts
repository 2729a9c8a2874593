/**
 * Bytes and the two ways in which text stands for them.
 *
 * A *binary string* holds one byte in each character (code units 0–255). Keys and values live in
 * memory as binary strings: they are immutable, work as keys of a Map, take a byte a character and
 * one object, and compare in the order of their bytes, which for UTF-8 is the order of code
 * points. ASCII text is its own binary string. `Uint8Array`s were rejected for values: a small
 * one costs more than what it holds, and a view keeps the whole block alive that it was read
 * from. Nothing here needs Node, so that the pure folders run in a browser;
 * where `Buffer` exists its native loops are used, which are several times faster.
 */

const native = typeof Buffer === 'undefined' ? null : Buffer
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const EMPTY = new Uint8Array(0)
/** Shorter strings are copied faster by a loop than by a call into the runtime. */
const NATIVE_COPY_MIN = 24

/** UTF-8 of `text`. A lone surrogate becomes U+FFFD, as the encoding standard says. */
export function utf8(text: string): Uint8Array {
  if (text.length === 0) return EMPTY
  return native === null ? encoder.encode(text) : native.from(text, 'utf8')
}

/** The text that `bytes` are the UTF-8 of, or null if they are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

/** UTF-8 of `text` as a binary string; the same string if it is ASCII. */
export function binaryFromText(text: string): string {
  if (native !== null) {
    return isAscii(text) ? text : native.from(text, 'utf8').toString('latin1')
  }
  const bytes = encoder.encode(text)
  return bytes.length === text.length ? text : binaryFromBytes(bytes, 0, bytes.length)
}

/** The text whose UTF-8 a binary string holds, or null if that is not valid UTF-8. */
export function textFromBinary(binary: string): string | null {
  return isAscii(binary) ? binary : fromUtf8(bytesFromBinary(binary))
}

/** The same bytes, as the kind whose native loops are fastest here. */
export function nativeView(bytes: Uint8Array): Uint8Array {
  return native === null || bytes instanceof native ? bytes : native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A copy of some bytes as a binary string. */
export function binaryFromBytes(bytes: Uint8Array, start: number, end: number): string {
  if (native !== null) {
    const view = bytes instanceof native ? bytes : native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return view.toString('latin1', start, end)
  }
  let binary = ''
  for (let i = start; i < end; i++) binary += String.fromCharCode(bytes[i] ?? 0)
  return binary
}

export function bytesFromBinary(binary: string): Uint8Array {
  if (native !== null) return native.from(binary, 'latin1')
  const bytes = new Uint8Array(binary.length)
  writeBinary(bytes, 0, binary)
  return bytes
}

/** Writes a binary string at `offset`; the caller made room for `binary.length` bytes. */
export function writeBinary(target: Uint8Array, offset: number, binary: string): void {
  if (native !== null && binary.length > NATIVE_COPY_MIN && target instanceof native) {
    target.write(binary, offset, 'latin1')
    return
  }
  for (let i = 0; i < binary.length; i++) target[offset + i] = binary.charCodeAt(i)
}

/** The parts one after another. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = allocateBytes(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

/** A buffer to write into, of the kind whose native loops are fastest here. */
export function allocateBytes(length: number): Uint8Array {
  return native === null ? new Uint8Array(length) : native.allocUnsafeSlow(length)
}

function isAscii(binary: string): boolean {
  // In UTF-8 only ASCII takes a byte a character.
  if (native !== null) return native.byteLength(binary) === binary.length
  for (let i = 0; i < binary.length; i++) if (binary.charCodeAt(i) > 0x7f) return false
  return true
}

export function isBinary(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}

export function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

const HEX = '0123456789abcdef'

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15)
  return text
}

/** Bytes of a lower-case hexadecimal text, or null if it is not one. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = HEX.indexOf(text.charAt(2 * i))
    const low = HEX.indexOf(text.charAt(2 * i + 1))
    if (high < 0 || low < 0) return null
    bytes[i] = high * 16 + low
  }
  return bytes
}

/** Standard base64, with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(binaryFromBytes(bytes, 0, bytes.length))
}

/** Base64 for URLs and headers, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of standard or URL base64, or null if it is neither. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    return bytesFromBinary(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return null
  }
}
