/**
 * Commands out of the bytes that a client sends: arrays of bulk strings, or inline lines. What
 * arrives is looked at once: the parser remembers how far it came, and words are places in the
 * receive buffer (`words.ts`). Bytes are copied only where a command is cut by the end of what
 * arrived, into a buffer that grows by doubling; so any input, cut anywhere, costs time in
 * proportion to its length.
 *
 * A command over the limits is skipped as it arrives, without being kept, and answered with an
 * error: the connection goes on. What is no command at all ends the connection, in Redis's words.
 * Parsing each chunk to a string first was rejected: parts of a JavaScript string keep the whole
 * of it alive, and values stay for long.
 */

import { allocateBytes, binaryFromBytes, KIB, MIB } from '../../base/index.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'
import { readInlineCommand } from './inline-command.ts'
import { parseLength, Words } from './words.ts'

/** An inline command, and the line that announces a length. */
export const INLINE_BYTES_MAX = 64 * KIB
/** Words of one command, its name included. */
export const WORDS_MAX = 1_048_576
/** One command with all that is around its words. A batch of 4 MiB fits, and a read of a million keys. */
export const COMMAND_BYTES_MAX = 32 * MIB
/** What is announced as longer is not even skipped: as Redis refuses it. */
const SKIPPED_BULK_BYTES_MAX = 512 * MIB
/** What is kept of an unfinished command takes at least this much. */
const BUFFER_BYTES_MIN = 512
/** A buffer that is larger is given back when little of it is needed. */
const BUFFER_BYTES_KEPT = 128 * KIB

export type ParsedCommand =
  /** More has to arrive. */
  | 'incomplete'
  /** `words` has a command, until the next call. */
  | 'command'
  /** One that is too large was skipped; `failure` says why. */
  | 'skipped'
  /** This is not the protocol; `failure` says what is wrong. Nothing that follows can be understood. */
  | 'invalid'

/** To a client for whom there is no memory left. */
export const OVERLOADED = 'UNAVAILABLE the node holds as much for its clients as it can: try again in a second, or another node'

export interface ParserLimits {
  /** One word. */
  readonly bulkBytesMax: number
  readonly held: HeldBytes
}

const NO_BYTES = new Uint8Array(0)
const CR = 0x0d
const LF = 0x0a
const STAR = 0x2a
const DOLLAR = 0x24
/** A bulk's length is not known yet. */
const UNKNOWN = -1

export class RequestParser {
  /** Of the command that was parsed last, while `next` is not called again. */
  readonly words = new Words()
  readonly #limits: ParserLimits
  #failure = ''
  #bytes: Uint8Array = NO_BYTES
  /** Whether `#bytes` is this parser's own, with room behind `#end`. */
  #isOwn = false
  #end = 0
  /** Where the current command begins. Places of its words count from here, so that it can be moved. */
  #start = 0
  /** Everything before is parsed. Invariant: `#start ≤ #at ≤ #scanned ≤ #end`. */
  #at = 0
  /** Where the search for the end of a line goes on. */
  #scanned = 0
  /** Words that the current command still lacks; 0 between commands. */
  #lacking = 0
  #bulkBytes = UNKNOWN
  #isSkipping = false
  #heldBytes = 0

  constructor(limits: ParserLimits) {
    this.#limits = limits
  }

  /** Why the last command was skipped or is invalid: an error's text. */
  get failure(): string {
    return this.#failure
  }

  /** True if part of a command has arrived. */
  get isUnfinished(): boolean {
    return this.#end > this.#start || this.#lacking > 0
  }

  /** True if something has arrived that is not looked at yet. */
  get hasInput(): boolean {
    return this.#end > this.#at
  }

  /** What has arrived. It belongs to the parser from now on. */
  feed(chunk: Uint8Array): void {
    const kept = this.#end - this.#start
    if (kept === 0) {
      this.#moveTo(chunk, chunk.length)
      this.#isOwn = false
      return
    }
    if (!this.#isOwn || this.#bytes.length - this.#end < chunk.length) {
      this.#moveTo(this.#copyRest(Math.max(2 * kept, kept + chunk.length)), kept)
      this.#isOwn = true
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next command of what has arrived. To be called until it answers something else than a command. */
  next(): ParsedCommand {
    const parsed = this.#lacking === 0 ? this.#begin() : this.#readWords()
    return parsed === 'incomplete' ? this.#keepRest() : parsed
  }

  /** Nothing is taken for a while: counts what is here. False if all connections together have too much. */
  hold(): boolean {
    const before = this.#heldBytes
    this.#heldBytes = this.#bytes.length
    return this.#limits.held.change(before, this.#heldBytes)
  }

  /** Lets go of everything: the connection is over. */
  close(): void {
    this.#start = this.#at = this.#scanned = this.#end
    this.words.clear()
    this.#keepRest()
  }

  #begin(): ParsedCommand {
    for (;;) {
      this.#start = this.#at
      this.words.clear()
      this.#isSkipping = false
      if (this.#start === this.#end) return 'incomplete'
      if (this.#bytes[this.#start] !== STAR) {
        const parsed = this.#readInline()
        if (parsed === 'command' && this.words.length === 0) continue
        return parsed
      }
      const lineEnd = this.#findLineEnd()
      if (lineEnd === null) return this.#isLineTooLong() ? this.#refuse('too big mbulk count string') : 'incomplete'
      const count = parseLength(this.#bytes, this.#start + 1, lineEnd)
      if (count === null || count > WORDS_MAX) return this.#refuse('invalid multibulk length')
      this.#passLine(lineEnd)
      if (count <= 0) continue
      this.#lacking = count
      return this.#readWords()
    }
  }

  #readWords(): ParsedCommand {
    while (this.#lacking > 0) {
      if (this.#bulkBytes === UNKNOWN) {
        const parsed = this.#readBulkLength()
        if (parsed !== null) return parsed
      }
      if (this.#isSkipping) {
        if (!this.#skipBulk()) return 'incomplete'
      } else {
        const end = this.#at + this.#bulkBytes
        if (end + 2 > this.#end) return 'incomplete'
        this.words.add(this.#at - this.#start, end - this.#start)
        this.#passLine(end)
      }
      this.#bulkBytes = UNKNOWN
      this.#lacking -= 1
    }
    if (this.#isSkipping) return 'skipped'
    this.words.place(this.#bytes, this.#start)
    return 'command'
  }

  /** Null if it is known now. */
  #readBulkLength(): 'incomplete' | 'invalid' | null {
    const lineEnd = this.#findLineEnd()
    if (lineEnd === null) return this.#isLineTooLong() ? this.#refuse('too big bulk count string') : 'incomplete'
    if (this.#bytes[this.#at] !== DOLLAR) return this.#refuse(`expected '$', got '${binaryFromBytes(this.#bytes, this.#at, this.#at + 1)}'`)
    const length = parseLength(this.#bytes, this.#at + 1, lineEnd)
    if (length === null || length < 0 || length > SKIPPED_BULK_BYTES_MAX) return this.#refuse('invalid bulk length')
    this.#passLine(lineEnd)
    const { bulkBytesMax } = this.#limits
    if (length > bulkBytesMax)
      this.#skipCommand(`a word has ${length} bytes, at most ${bulkBytesMax} are taken: split the value over several keys`)
    else if (this.#at - this.#start + length > COMMAND_BYTES_MAX)
      this.#skipCommand(`the command has more than ${COMMAND_BYTES_MAX} bytes: split it into several`)
    this.#bulkBytes = this.#isSkipping ? length + 2 : length
    return null
  }

  /** What is left of the current command will be read and not kept. */
  #skipCommand(reason: string): void {
    if (this.#isSkipping) return
    this.#isSkipping = true
    this.#failure = `TOO_LARGE ${reason}`
    this.words.clear()
    this.#start = this.#at
  }

  /** True once the current bulk is behind. */
  #skipBulk(): boolean {
    const skipped = Math.min(this.#bulkBytes, this.#end - this.#at)
    this.#bulkBytes -= skipped
    this.#at += skipped
    this.#start = this.#scanned = this.#at
    return this.#bulkBytes === 0
  }

  #readInline(): ParsedCommand {
    let lineEnd = this.#scanned
    while (lineEnd < this.#end && this.#bytes[lineEnd] !== LF) lineEnd += 1
    this.#scanned = lineEnd
    if (lineEnd - this.#start > INLINE_BYTES_MAX) return this.#refuse('too big inline request')
    if (lineEnd === this.#end) return 'incomplete'
    const end = lineEnd > this.#start && this.#bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
    this.#at = this.#scanned = lineEnd + 1
    const isWellFormed = readInlineCommand(this.#bytes.subarray(this.#start, end), this.words)
    return isWellFormed ? 'command' : this.#refuse('unbalanced quotes in request')
  }

  /** Where the line at `#at` ends with CR and one byte more, or null if it has not arrived whole or is too long. */
  #findLineEnd(): number | null {
    let lineEnd = this.#scanned
    while (lineEnd < this.#end && this.#bytes[lineEnd] !== CR) lineEnd += 1
    this.#scanned = lineEnd
    return lineEnd + 1 < this.#end && !this.#isLineTooLong() ? lineEnd : null
  }

  #isLineTooLong(): boolean {
    return this.#scanned - this.#at > INLINE_BYTES_MAX
  }

  #passLine(lineEnd: number): void {
    this.#at = this.#scanned = lineEnd + 2
  }

  #refuse(reason: string): 'invalid' {
    this.#failure = `ERR Protocol error: ${reason}`
    return 'invalid'
  }

  /** Keeps what has arrived of an unfinished command, and no more memory than that asks for. */
  #keepRest(): 'incomplete' | 'invalid' {
    const rest = this.#end - this.#start
    if (rest === 0) {
      this.#moveTo(NO_BYTES, 0)
      this.#isOwn = false
    } else if (
      this.#bytes.length > BUFFER_BYTES_MIN &&
      rest < this.#bytes.length / 4 &&
      (!this.#isOwn || this.#bytes.length > BUFFER_BYTES_KEPT)
    ) {
      this.#moveTo(this.#copyRest(2 * rest), rest)
      this.#isOwn = true
    } else if (this.#isOwn && this.#start > 0) {
      this.#bytes.copyWithin(0, this.#start, this.#end)
      this.#moveTo(this.#bytes, rest)
    }
    if (this.hold()) return 'incomplete'
    this.#failure = OVERLOADED
    return 'invalid'
  }

  /** A copy of what is not parsed, in a buffer with room for `capacity` bytes. */
  #copyRest(capacity: number): Uint8Array {
    const copy = allocateBytes(Math.max(capacity, BUFFER_BYTES_MIN))
    copy.set(this.#bytes.subarray(this.#start, this.#end))
    return copy
  }

  /** `bytes` begins with what is not parsed, and ends with it at `end`. */
  #moveTo(bytes: Uint8Array, end: number): void {
    this.#bytes = bytes
    this.#at -= this.#start
    this.#scanned -= this.#start
    this.#start = 0
    this.#end = end
  }
}
