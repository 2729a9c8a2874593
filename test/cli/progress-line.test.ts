/** Progress where nobody looks at a terminal. */

import { describe, expect, it } from 'vitest'
import type { Terminal } from '../../cli/output.ts'
import { ProgressLine } from '../../cli/progress-line.ts'

function pipe(): { terminal: Terminal; written: string[] } {
  const written: string[] = []
  const sink = { write: (chunk: string | Uint8Array) => written.push(String(chunk)) > 0 }
  const stdin = new Blob([]).stream()
  return { terminal: { stdin, stdout: sink, stderr: sink, environment: {} }, written }
}

describe('a progress line that goes into a pipe', () => {
  it('[CLI] writes nothing', () => {
    const { terminal, written } = pipe()
    new ProgressLine(terminal).update(() => 'half')
    expect(written).toEqual([])
  })

  it('[CLI] writes a line of its own each time, once the interval is over, if it was asked to', () => {
    const { terminal, written } = pipe()
    const often = new ProgressLine(terminal, 0)
    for (const text of ['  a third', '  two thirds']) often.update(() => text)
    const seldom = new ProgressLine(terminal, 60_000)
    seldom.update(() => 'too early')
    often.clear()
    expect(written).toEqual(['a third\n', 'two thirds\n'])
  })
})
