/** The parser of the Redis protocol: any input, cut anywhere, gives the same commands. */

import { describe, expect, it } from 'vitest'
import { bytesFromBinary } from '../../../base/index.ts'
import { RequestParser } from '../../../server/resp/request-parser.ts'
import { HeldBytes } from '../../../server/tcp/held-bytes.ts'
import { command } from './running-resp.ts'

const BULK_BYTES_MAX = 2048
const HELD_BYTES_MAX = 16 * 1024 * 1024

/** What came out: words of each command, or what was wrong. */
type Outcome = readonly string[] | string

class Feeder {
  readonly held: HeldBytes
  readonly parser: RequestParser
  readonly outcomes: Outcome[] = []

  constructor(bulkBytesMax = BULK_BYTES_MAX, heldBytesMax = HELD_BYTES_MAX) {
    this.held = new HeldBytes(heldBytesMax)
    this.parser = new RequestParser({ bulkBytesMax, held: this.held })
  }

  /** False once the input is not the protocol. */
  feed(binary: string): boolean {
    this.parser.feed(bytesFromBinary(binary))
    for (;;) {
      const parsed = this.parser.next()
      if (parsed === 'incomplete') return true
      if (parsed === 'command') this.outcomes.push(Array.from({ length: this.parser.words.length }, (_, i) => this.parser.words.binary(i)))
      else this.outcomes.push(this.parser.failure)
      if (parsed === 'invalid') return false
    }
  }
}

function parse(...pieces: readonly string[]): readonly Outcome[] {
  const feeder = new Feeder()
  for (const piece of pieces) if (!feeder.feed(piece)) break
  return feeder.outcomes
}

const BINARY = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
const TOO_LARGE = 'x'.repeat(BULK_BYTES_MAX + 1)
const REFUSAL = `TOO_LARGE a word has ${BULK_BYTES_MAX + 1} bytes, at most ${BULK_BYTES_MAX} are taken: split the value over several keys`

describe('the parser', () => {
  it.each<[name: string, input: string, outcomes: readonly Outcome[]]>([
    ['one command', command('GET', 'a'), [['GET', 'a']]],
    [
      'a pipeline',
      command('SET', 'a', '1') + command('GET', 'a'),
      [
        ['SET', 'a', '1'],
        ['GET', 'a'],
      ],
    ],
    ['empty words and every byte', command('SET', '', BINARY), [['SET', '', BINARY]]],
    ['words that look like the protocol', command('ECHO', '*1\r\n$4\r\nPING\r\n'), [['ECHO', '*1\r\n$4\r\nPING\r\n']]],
    ['arrays of nothing, which mean nothing', `*0\r\n*-1\r\n${command('PING')}`, [['PING']]],
    ['lines', 'PING\r\nget a\n', [['PING'], ['get', 'a']]],
    ['empty lines, which mean nothing', '\r\n\n  \r\nPING\r\n', [['PING']]],
    ['lines and arrays in turn', `PING\r\n${command('GET', 'a')}PING\r\n`, [['PING'], ['GET', 'a'], ['PING']]],
    ['quotes', `set "a b" 'c "d" \\' e'\r\n`, [['set', 'a b', `c "d" ' e`]]],
    ['escapes', 'set "\\x00\\xfF\\n\\r\\t\\b\\a\\"\\\\\\q" \'\\n\'\r\n', [['set', '\x00\xff\n\r\t\b\x07"\\q', '\\n']]],
    ['an escape that is cut', 'echo "\\x1"\r\n', [['echo', 'x1']]],
    ['empty quotes', `set "" ''\r\n`, [['set', '', '']]],
    ['a word too large, in its place', command('A') + command('SET', 'a', TOO_LARGE, 'b') + command('B'), [['A'], REFUSAL, ['B']]],
    ['a quote that stays open', 'PING\r\nset "a\r\nPING\r\n', [['PING'], 'ERR Protocol error: unbalanced quotes in request']],
    ['a quote in the middle of a word', 'set "a"b\r\n', ['ERR Protocol error: unbalanced quotes in request']],
    ['a length that is none', '*1x\r\n', ['ERR Protocol error: invalid multibulk length']],
    ['a length with a leading zero', '*01\r\n', ['ERR Protocol error: invalid multibulk length']],
    ['too many words', '*1048577\r\n', ['ERR Protocol error: invalid multibulk length']],
    ['a word that is not announced', '*1\r\n:1\r\n', ["ERR Protocol error: expected '$', got ':'"]],
    ['a negative length of a word', '*1\r\n$-1\r\n', ['ERR Protocol error: invalid bulk length']],
    ['a word of more than 512 MiB', '*1\r\n$536870913\r\n', ['ERR Protocol error: invalid bulk length']],
    ['a line without an end', 'x'.repeat(65_537), ['ERR Protocol error: too big inline request']],
    ['a number of words without an end', `*${'1'.repeat(65_537)}`, ['ERR Protocol error: too big mbulk count string']],
    ['a length without an end', `*1\r\n$${'1'.repeat(65_537)}`, ['ERR Protocol error: too big bulk count string']],
  ])('[RESP] reads %s, cut anywhere', (_name, input, outcomes) => {
    expect(parse(input)).toEqual(outcomes)
    expect(parse(...input)).toEqual(outcomes)
    const cuts = Math.min(input.length, 300)
    for (let cut = 1; cut < cuts; cut++) expect(parse(input.slice(0, cut), input.slice(cut))).toEqual(outcomes)
    for (const size of [2, 3, 7, 1000]) {
      const pieces = Array.from({ length: Math.ceil(input.length / size) }, (_, i) => input.slice(i * size, (i + 1) * size))
      expect(parse(...pieces)).toEqual(outcomes)
    }
  })

  it('[RESP] refuses a command over 32 MiB, and goes on', () => {
    const feeder = new Feeder(4 * 1024 * 1024, 256 * 1024 * 1024)
    const word = `$4000000\r\n${'x'.repeat(4_000_000)}\r\n`
    feeder.feed('*12\r\n')
    for (let i = 0; i < 12; i++) feeder.feed(word)
    feeder.feed(command('PING'))
    expect(feeder.outcomes).toEqual([expect.stringMatching(/^TOO_LARGE the command has more than 33554432 bytes/), ['PING']])
    expect(feeder.held.bytes).toBe(0)
  })

  it('[RESP] gives up where all connections together hold too much', () => {
    const feeder = new Feeder(4 * 1024 * 1024)
    feeder.feed('*12\r\n')
    for (let i = 0; i < 8; i++) if (!feeder.feed(`$4000000\r\n${'x'.repeat(4_000_000)}\r\n`)) break
    expect(feeder.outcomes).toEqual([expect.stringMatching(/^UNAVAILABLE /)])
    feeder.parser.close()
    expect(feeder.held.bytes).toBe(0)
  })

  it('[RESP] skips what is too large without holding it', () => {
    const feeder = new Feeder()
    const piece = 'x'.repeat(1000)
    feeder.feed('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1000000\r\n')
    for (let i = 0; i < 1000; i++) {
      feeder.feed(piece)
      expect(feeder.held.bytes).toBe(0)
    }
    expect(feeder.outcomes).toEqual([])
    feeder.feed(`\r\n${command('PING')}`)
    expect(feeder.outcomes).toEqual([expect.stringMatching(/^TOO_LARGE a word has 1000000 bytes/), ['PING']])
  })

  it('[RESP] holds of an unfinished command little more than what has arrived, and nothing between commands', () => {
    const feeder = new Feeder(4 * 1024 * 1024)
    feeder.feed(`*2\r\n$4\r\nECHO\r\n$1000000\r\n`)
    expect(feeder.held.bytes).toBeLessThanOrEqual(512)
    for (let i = 0; i < 10; i++) feeder.feed('x'.repeat(100_000))
    expect(feeder.held.bytes).toBeLessThanOrEqual(2_100_000)
    feeder.feed('\r\n')
    expect(feeder.held.bytes).toBe(0)
    feeder.feed(`${command('SET', 'a', 'x'.repeat(60_000))}*1`)
    expect(feeder.held.bytes).toBeLessThanOrEqual(512)
    feeder.parser.close()
    expect(feeder.held.bytes).toBe(0)
  })

  it('[RESP] takes time in proportion to what arrives, however it is cut', () => {
    const feeder = new Feeder(4 * 1024 * 1024)
    const size = 2_000_000
    feeder.parser.feed(bytesFromBinary(`*2\r\n$4\r\nECHO\r\n$${size}\r\n`))
    expect(feeder.parser.next()).toBe('incomplete')
    // Copying all of it for each piece would take minutes. What is appended is copied, so one piece serves for all.
    const piece = bytesFromBinary('x'.repeat(20))
    let unfinished = 0
    for (let i = 0; i < size / piece.length; i++) {
      feeder.parser.feed(i === 0 ? bytesFromBinary('x'.repeat(20)) : piece)
      if (feeder.parser.next() === 'incomplete') unfinished += 1
    }
    expect(unfinished).toBe(size / piece.length)
    feeder.parser.feed(bytesFromBinary('\r\n'))
    expect(feeder.parser.next()).toBe('command')
    expect(feeder.parser.words.binary(1).length).toBe(size)
  })
})

describe('words', () => {
  it.each<[word: string, value: bigint | null]>([
    ['0', 0n],
    ['-1', -1n],
    ['42', 42n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', null],
    ['-9223372036854775809', null],
    ['99999999999999999999', null],
    ['1234567890123456', 1234567890123456n],
    ['', null],
    ['-', null],
    ['-0', null],
    ['01', null],
    ['+1', null],
    ['1.0', null],
    [' 1', null],
    ['1e3', null],
  ])('[RESP] %j is the whole number %s', (word, value) => {
    const feeder = new Feeder()
    feeder.parser.feed(bytesFromBinary(command('X', word)))
    expect(feeder.parser.next()).toBe('command')
    expect(feeder.parser.words.integer(1)).toBe(value)
  })

  it('[RESP] are compared in any case of letters', () => {
    const feeder = new Feeder()
    feeder.parser.feed(bytesFromBinary(command('sEt', 'ex{')))
    feeder.parser.next()
    const { words } = feeder.parser
    expect([words.is(0, 'SET'), words.is(0, 'SETX'), words.is(0, 'GET'), words.is(1, 'EX[')]).toEqual([true, false, false, false])
  })
})
