import { describe, expect, it } from 'vitest'
import { MIB, utf8 } from '../../../base/index.ts'
import { type LineRead, LineReader } from '../../../server/json-lines/line-reader.ts'
import { HeldBytes } from '../../../server/tcp/held-bytes.ts'

const LINE_BYTES_MAX = 16

function newReader(held = new HeldBytes(MIB)): LineReader {
  return new LineReader(LINE_BYTES_MAX, held)
}

/** What the reader makes of chunks: the text of each line, or why it was skipped; at the end, the last line too. */
function readAll(reader: LineReader, chunks: readonly Uint8Array[]): string[] {
  const found: string[] = []
  const note = (read: LineRead): boolean => {
    if (read.kind !== 'incomplete') found.push(read.kind === 'line' ? Buffer.from(read.bytes).toString() : `(${read.kind})`)
    return read.kind !== 'incomplete'
  }
  for (const chunk of chunks) {
    reader.feed(chunk)
    while (note(reader.next()));
  }
  note(reader.last())
  return found
}

describe('lines out of what arrives', () => {
  it.each([
    ['nothing', '', []],
    ['one line', 'abc\n', ['abc']],
    ['a line without an end', 'a\nbc', ['a', 'bc']],
    ['an empty line', '\n\na\n', ['', '', 'a']],
    ['a line of just the limit', `${'x'.repeat(16)}\ny\n`, ['x'.repeat(16), 'y']],
    ['a line over the limit', `a\n${'x'.repeat(17)}\nb\n`, ['a', '(too-long)', 'b']],
    ['a long line over the limit', `${'x'.repeat(100)}\nb`, ['(too-long)', 'b']],
    ['a line over the limit without an end', 'x'.repeat(100), ['(too-long)']],
  ])('[Bounded] %s is read the same wherever it is cut in two', (_name, text, expected) => {
    const bytes = utf8(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(readAll(newReader(), [bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(expected)
    }
    expect(
      readAll(
        newReader(),
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected)
  })

  it('[Bounded] a line that was read holds nothing', () => {
    const held = new HeldBytes(MIB)
    const reader = newReader(held)
    readAll(reader, [utf8('ab'), utf8('c\nde')])
    expect(held.bytes).toBe(0)
    reader.feed(utf8('unfinished'))
    expect(reader.next()).toEqual({ kind: 'incomplete' })
    expect(held.bytes).toBeGreaterThan(0)
    reader.close()
    expect(held.bytes).toBe(0)
  })

  it('[Bounded] a line for which there is no room is skipped, the next one is read', () => {
    const held = new HeldBytes(10)
    expect(readAll(newReader(held), [utf8('abc'), utf8('def\nghi\n')])).toEqual(['(no-room)', 'ghi'])
    expect(held.bytes).toBe(0)
  })

  it('[Bounded] single bytes of a long line cost linear time and memory', () => {
    const reader = new LineReader(MIB, new HeldBytes(4 * MIB))
    const byte = Uint8Array.of(0x78)
    for (let i = 0; i < MIB / 4; i++) {
      reader.feed(byte)
      reader.next()
    }
    reader.feed(utf8('\n'))
    expect(reader.next()).toMatchObject({ kind: 'line', bytes: { length: MIB / 4 } })
  })
})
