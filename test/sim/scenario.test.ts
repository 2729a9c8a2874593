import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runScenario } from '../../sim/scenario.ts'

const FOLDER = new URL('../scenarios/', import.meta.url)

describe('scenarios by hand, in the simulator', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))

  it('there are scenarios', () => expect(files.length).toBeGreaterThanOrEqual(3))

  for (const file of files) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8')
    it(text.split('\n')[0]?.replace(/^# /, '') ?? file, () => {
      const result = runScenario(text)
      if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(new URL(file, FOLDER), result.text)
      expect(result.text).toBe(text)
      expect(result).toMatchObject({ passed: true, mismatches: [] })
    })
  }

  it('[Determinism] a scenario prints and traces the same twice', () => {
    const text = readFileSync(new URL('kill-during-partition.txt', FOLDER), 'utf8')
    const [first, second] = [runScenario(text), runScenario(text)]
    expect(second.virtualMs).toBe(first.virtualMs)
    expect(second.trace.map(({ atMs, happening }) => [atMs, happening.kind])).toEqual(
      first.trace.map(({ atMs, happening }) => [atMs, happening.kind]),
    )
  })

  it('[DOCS] the one in the documents plays as it stands there', () => {
    const document = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8')
    const text = /```\n(nodes n1[^`]+)```/.exec(document)?.[1] ?? ''
    expect(runScenario(text)).toMatchObject({ passed: true, mismatches: [] })
  })

  it('what is not as expected is named by its line', () => {
    const result = runScenario('# a title\nnodes n1\nset n1 a 1\n    ok n1#1:1\nget n1 a\n    2 @n1#1:1\n')
    expect(result).toMatchObject({
      title: 'a title',
      passed: false,
      mismatches: [{ line: 5, command: 'get n1 a', expected: ['2 @n1#1:1'], actual: ['1 @n1#1:1'] }],
    })
    expect(result.text).toBe('# a title\nnodes n1\nset n1 a 1\n    ok n1#1:1\nget n1 a\n    1 @n1#1:1\n')
  })

  it('nodes that a cut keeps apart do not converge, and a wait for it ends', () => {
    const result = runScenario(
      'nodes n1 n2\ncut n1 | n2\nset n1 a 1\n    ok n1#1:1\nconverged\n    TIMEOUT\nheal\nconverged\n    equal on n1 n2\n',
    )
    expect(result).toMatchObject({ passed: true })
  })

  it.each([
    ['set n1 a 1', 'line 1', 'begins with'],
    ['nodes n1 n3', 'line 1', 'in their order'],
    ['nodes n1\nset n2 a 1', 'line 2', 'no node'],
    ['nodes n1\nset n1 a', 'line 2', 'set NODE KEY VALUE'],
    ['nodes n1\nfrobnicate', 'line 2', 'no command'],
    ['nodes n1 n2\ncut n1 n2', 'line 2', 'a cut is'],
    ['nodes n1 n2\ncut n1 | n1', 'line 2', 'one side'],
    ['nodes n1\nbatch n1 a', 'line 2', 'KEY=VALUE'],
    ['nodes n1\nstart n1\nconverged', 'line 2', 'up already'],
    ['nodes n1\nkill n1\nkill n1\nconverged', 'line 3', 'down already'],
    ['nodes n1\nget n1 a\n# why\n    (absent)', 'line 4', 'directly below its command'],
    ['    (absent)\nnodes n1', 'line 1', 'directly below its command'],
  ])('%s → refused with its line', (text, line, reason) => {
    expect(() => runScenario(text)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringMatching(new RegExp(`${line}.*${reason}`)) }),
    )
  })

  it.each([
    ['an empty file', ''],
    ['comments alone', '# a title\n\n# and nothing'],
    ['nodes alone', 'nodes n1 n2'],
    ['faults alone', 'nodes n1 n2\ncut n1 | n2\nkill n1\nstart n1\nheal\nelapse 10ms'],
  ])('%s → refused, for it could only pass', (_what, text) => {
    expect(() => runScenario(text)).toThrow('the scenario checks nothing')
  })

  it('what a command prints and nobody expected does not pass', () => {
    expect(runScenario('nodes n1\nset n1 a 1\n')).toMatchObject({ passed: false, mismatches: [{ expected: [], actual: ['ok n1#1:1'] }] })
  })
})
