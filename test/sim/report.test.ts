import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type DirectoryId, keyFromBinary } from '../../base/index.ts'
import { FAULT_KINDS, type RunResult, renderReport, simulate, WORKLOADS } from '../../sim/index.ts'
import { encodeReport } from '../../sim/report/encode.ts'
import { embedJson, escapeHtml } from '../../sim/report/escape.ts'
import { InternTable, KEY_PREVIEW_MAX, previewValue, VALUE_PREVIEW_MAX } from '../../sim/report/intern.ts'
import { historyOfKey, openRun, page } from './report-page.ts'
import { dramaticRun, NASTY_KEY, resultOf, vector, WrittenTrace, writerOf } from './report-run.ts'

const ROOT = resolve(import.meta.dirname, '../..')

function simulated(): RunResult {
  const workload = WORKLOADS.find(({ name }) => name === 'hot')
  if (workload === undefined) throw new Error('there is no workload named hot')
  const none = { plan: null, weather: null, callsMax: null, onProgress: null }
  return simulate({ seed: 3, nodes: 3, durationMs: 6000, callsPerSecond: 60, workload, faults: FAULT_KINDS, keepTrace: true, ...none })
}

describe('what users wrote is text', () => {
  it('[report] markup is escaped', () => {
    expect(escapeHtml(`<a href="x">'&'</a>`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;')
  })

  it('[report] JSON in a script neither ends it nor opens a comment', () => {
    const value = { '</script>': '<!-- \u2028 \u2029' }
    const text = embedJson(value)
    expect(text).not.toMatch(/[<\u2028\u2029]/)
    expect(JSON.parse(text)).toEqual(value)
  })

  it('[report] a key that looks like the end of the script ends nothing', () => {
    const html = renderReport(dramaticRun())
    expect(html).not.toContain(NASTY_KEY)
    expect(html.match(/<\/script>/g)).toHaveLength(2)
    expect(html).toContain(`n3 never got ${escapeHtml(NASTY_KEY)}`)
  })

  it('[report] the line that reproduces the run is shown as it is', () => {
    expect(renderReport(dramaticRun(), { command: 'skein sim replay 42 --nodes 3 <x>' })).toContain(
      'skein sim replay 42 --nodes 3 &lt;x&gt;',
    )
  })

  it('[report] keys that are no text are shown in hexadecimal, long ones shortened, and none is mixed up', () => {
    const table = new InternTable()
    const long = 'k'.repeat(1024)
    const rows = ['plain', '\xff\x00', long, `${long.slice(0, -1)}x`].map((key) => table.keyRow(keyFromBinary(key)))
    expect(rows).toEqual([0, 1, 2, 3])
    expect(table.shown[1]).toBe('0xff00')
    expect(table.shown[2]).toBe(`${'k'.repeat(KEY_PREVIEW_MAX)}… (1024 bytes)`)
  })

  it('[report] a long value is shortened between two characters', () => {
    const shown = previewValue({ type: 'text', data: '\xc3\xa9'.repeat(100_000) })
    expect(shown).toMatch(/^"é+… \(200000 bytes\)"$/)
    expect(shown.length).toBeLessThan(VALUE_PREVIEW_MAX + 24)
  })

  it('[report] nothing is loaded from anywhere', () => {
    const html = renderReport(dramaticRun())
    const foreign = /https?:|@import|url\(|<(link|img|iframe|object|embed)|<script[^>]* src/.exec(html)
    expect(foreign?.[0]).toBeUndefined()
  })
})

describe('the columns say what the trace said', () => {
  it('[report] number, time, kind and lane of each event', () => {
    const result = simulated()
    const { events, data } = openRun(result)
    expect(events.count).toBe(result.trace.length)
    result.trace.forEach(({ number, atMs, happening }, row) => {
      expect(events.number[row]).toBe(number)
      expect(events.atMs[row]).toBeCloseTo(atMs, 2)
      expect(data.kinds[events.kind[row] ?? -1]).toBe(happening.kind)
      if ('node' in happening) expect(events.node[row]).toBe(happening.node)
    })
  })

  it('[report] the frontier of each node after each step', () => {
    const result = simulated()
    const story = openRun(result)
    let steps = 0
    result.trace.forEach(({ happening }, row) => {
      if (happening.kind !== 'applied') return
      const shown = [...page.frontierAt(story, happening.node, row)].map(([writer, sequence]) => [story.data.writers[writer], sequence])
      expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(happening.frontier.entries()))
      steps++
    })
    expect(steps).toBeGreaterThan(20)
  })

  it('[report] every event has its words', () => {
    const story = openRun(simulated())
    for (let row = 0; row < story.events.count; row++) expect(page.describe(story, row)).not.toMatch(/undefined|NaN|\?|^\w+-?\w*$/)
  })

  it('[report] a run without a trace has its tables and no diagram', () => {
    const html = renderReport(resultOf([], [3]))
    expect(html).toContain('No events were kept')
    expect(html).not.toContain('<script')
  })
})

describe('the cluster at a moment', () => {
  const story = openRun(dramaticRun())

  it.each([
    { ms: 0, states: ['serving', 'serving', 'serving'], lags: [0, 0, 0], phase: 'safety' },
    { ms: 232, states: ['serving', 'serving', 'serving'], lags: [1, 1, 1], phase: 'safety' },
    { ms: 350, states: ['serving', 'serving', 'down'], lags: [0, 0, 1], phase: 'safety' },
    { ms: 700, states: ['serving', 'serving', 'serving'], lags: [0, 0, 1], phase: 'settled' },
  ])('[report] who is up and who lags at $ms ms', ({ ms, states, lags, phase }) => {
    const moment = page.momentAt(story, ms)
    expect(moment.nodes.map((node) => node.state)).toEqual(states)
    expect(moment.nodes.map((node) => node.lag)).toEqual(lags)
    expect(moment.phase).toBe(phase)
  })

  it('[report] who is connected', () => {
    expect(page.momentAt(story, 50).nodes.map((node) => node.connected)).toEqual([
      [1, 2],
      [0, 2],
      [0, 1],
    ])
    expect(page.momentAt(story, 350).nodes.map((node) => node.connected)).toEqual([[1], [0], []])
  })

  it('[CA5] nodes with equal frontiers and unequal digests are held against each other', () => {
    const { nodes } = page.momentAt(story, 250)
    expect(nodes.map((node) => node.disagreesWith)).toEqual([[1], [0], []])
    expect(nodes.every((node) => node.agreesWith.length === 0)).toBe(true)
  })

  it('[report] whether a digest is of what a node had before', () => {
    const earlier = (ms: number) => page.momentAt(story, ms).nodes.map(({ digest }) => digest?.isEarlier ?? null)
    expect(earlier(250)).toEqual([false, false, null])
    expect(earlier(700)).toEqual([true, true, null])
  })
})

describe('the history of a key', () => {
  it('[RG3] of two concurrent versions the later stamp wins, and the page says so', () => {
    const [winner, loser] = historyOfKey(openRun(dramaticRun()), NASTY_KEY)
    expect(winner).toMatchObject({ dot: 'n3.00000003:1', value: '"second"', relation: 'wins' })
    expect(loser).toMatchObject({ dot: 'n1.00000001:1', value: '"first"', relation: 'concurrent' })
    expect(loser?.why).toContain('lost by its clock, 1.0 ms behind')
  })

  it('[RG2] a version written in knowledge of another overwrites it', () => {
    const trace = new WrittenTrace()
    const key = keyFromBinary('k')
    trace.write(0, { writer: writerOf(0), sequence: 1 }, key, 'old', vector())
    trace.write(1, { writer: writerOf(1), sequence: 1 }, key, null, vector([writerOf(0), 1]))
    trace.happen({ kind: 'applied', node: 1, frontier: vector([writerOf(0), 1], [writerOf(1), 1]) })
    const [winner, loser] = historyOfKey(openRun(resultOf(trace.events, [])), 'k')
    expect(winner).toMatchObject({ value: null, relation: 'wins' })
    expect(loser).toMatchObject({ relation: 'seen', answeredRow: -1 })
  })

  it('[report] what no node holds wins nothing: it was never applied, or went with a disk', () => {
    const trace = new WrittenTrace()
    const key = keyFromBinary('k')
    const start = (node: number, life: number): void => {
      trace.happen({ kind: 'started', node, life, directory: '00'.repeat(16) as DirectoryId })
      trace.happen({ kind: 'recovered', node })
    }
    start(0, 1)
    start(1, 1)
    trace.write(0, { writer: writerOf(0), sequence: 1 }, key, 'held', vector())
    trace.happen({ kind: 'applied', node: 0, frontier: vector([writerOf(0), 1]) })
    trace.write(1, { writer: writerOf(1), sequence: 1 }, key, 'lost', vector())
    trace.happen({ kind: 'applied', node: 1, frontier: vector([writerOf(1), 1]) })
    trace.write(1, { writer: writerOf(1), sequence: 2 }, key, 'in flight', vector())
    trace.happen({ kind: 'stopped', node: 1, cause: 'kill', failure: null })
    const beforeWipe = historyOfKey(openRun(resultOf(trace.events, [])), 'k').map(({ relation }) => relation)
    start(1, 2)
    const afterWipe = historyOfKey(openRun(resultOf(trace.events, [])), 'k').map(({ relation, why }) => [relation, why])
    expect(beforeWipe).toEqual(['nowhere', 'wins', 'concurrent'])
    expect(afterWipe).toEqual([
      ['nowhere', 'no node ever applied it'],
      ['nowhere', 'no node holds it any more'],
      ['wins', 'the largest (epoch, timestamp, writer)'],
    ])
  })

  it('[report] it tells when each node had it, and when it was acknowledged', () => {
    const story = openRun(dramaticRun())
    const loser = historyOfKey(story, NASTY_KEY)[1]
    expect(loser?.reached.map((row) => (row < 0 ? null : story.events.atMs[row]))).toEqual([203.25, 230, null])
    expect(story.events.atMs[loser?.answeredRow ?? -1]).toBe(203.25)
  })
})

describe('a page of a run that was too long to be kept whole', () => {
  const trace = new WrittenTrace()
  trace.happen({ kind: 'connected', left: 0, right: 1 })
  trace.atMs = 5000
  for (let call = 0; call < 5; call++) trace.happen({ kind: 'unknown', call, client: 0, node: 0 })
  // Two of the run's six events were not kept.
  const kept = trace.events.filter(({ number }) => number !== 1 && number !== 2)
  const result = { ...resultOf(kept, []), counts: { ...resultOf(trace.events, []).counts } }

  it('[report] says how much was left out, and from when on all is there', () => {
    expect(encodeReport(result).kept).toEqual({ total: 6, kept: 4, fromMs: 5000, toMs: 5000 })
    expect(renderReport(result)).toContain('The run has 6 events; this page has 4. All are there from 5.000 s to 5.000 s')
  })

  it('[report] says nothing of the kind where all is there', () => {
    expect(encodeReport(resultOf(trace.events, [])).kept).toMatchObject({ total: 6, kept: 6, fromMs: 0 })
    expect(renderReport(resultOf(trace.events, []))).not.toContain('this page has')
  })
})

it('[report] the embedded page is what its sources say', () => {
  expect(() => execFileSync(process.execPath, [join(ROOT, 'scripts/embed-report-page.mjs'), '--check'], { stdio: 'pipe' })).not.toThrow()
})
