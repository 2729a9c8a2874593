/** `skein bench`: how fast a cluster answers from here. */

import { SECOND_MS, SkeinError } from '../base/index.ts'
import { defineCommand, JSON_OPTION } from './command.ts'
import { URL_DEFAULT, URL_OPTION } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { type LoadResult, runLoad } from './load.ts'
import { integerOption, shareOption, sizeOption } from './options.ts'
import type { Output } from './output.ts'
import { formatCount, formatMs } from './quantities.ts'
import { formatTable } from './table.ts'

const CONNECTIONS_MAX = 10_000
const DURATION_MAX_MS = 3600 * SECOND_MS
const KEYS_DEFAULT = 10_000

export const bench = defineCommand({
  name: 'bench',
  operands: [],
  summary: 'measures throughput and latency over HTTP',
  details:
    'Each connection has one request in flight: a durable PUT, or a GET of a key that was written before. The keys begin with ' +
    '"bench:" and stay. The client takes processor time too: on the machine of a node it measures both.',
  examples: [
    { line: 'skein bench', meaning: 'durable writes for 5 s over 50 connections' },
    { line: 'skein bench --read-share 0.9 --seconds 10', meaning: 'nine reads for each write' },
    { line: 'skein bench --url http://127.0.0.1:8401 --url http://127.0.0.1:8402', meaning: 'connections shared out over two nodes' },
  ],
  options: {
    url: { ...URL_OPTION, summary: 'address of a node; repeat it to share the connections out' },
    connections: integerOption({ summary: 'requests in flight', placeholder: '<n>', min: 1, max: CONNECTIONS_MAX }, 50),
    seconds: integerOption({ summary: 'how long to measure, in seconds', placeholder: '<n>', min: 1, max: DURATION_MAX_MS / SECOND_MS }, 5),
    valueSize: sizeOption({ summary: 'size of a value', placeholder: '<size>', min: 1, max: 1024 * 1024 }, 100, '100'),
    readShare: shareOption({ summary: 'share of requests that read', placeholder: '<share>' }, 0),
    keys: integerOption({ summary: 'how many keys are used', placeholder: '<n>', min: 1, max: 10_000_000 }, KEYS_DEFAULT),
    json: JSON_OPTION,
  },
  run: async ({ options, output }) => {
    if (options.url.length === 0) throw new SkeinError('BAD_REQUEST', `--url names no node: write it as ${URL_DEFAULT}`)
    const { seconds, ...rest } = options
    const result = await runLoad({ ...rest, urls: options.url, durationMs: seconds * SECOND_MS })
    if (output.isJson) output.json(result)
    else printResult(result, output)
    return result.failed === 0 ? EXIT.done : EXIT.no
  },
})

function printResult(result: LoadResult, output: Output): void {
  const { palette } = output
  const columns = [
    { title: '', align: 'left' },
    { title: 'requests', align: 'right' },
    { title: 'per second', align: 'right' },
    { title: 'p50', align: 'right' },
    { title: 'p99', align: 'right' },
    { title: 'max', align: 'right' },
  ] as const
  const rows = (['write', 'read'] as const).flatMap((kind) => {
    const figures = result[kind]
    if (figures === null) return []
    const { requests, perSecond, p50Ms, p99Ms, maxMs } = figures
    return [[kind, formatCount(requests), palette.strong(formatCount(perSecond)), formatMs(p50Ms), formatMs(p99Ms), formatMs(maxMs)]]
  })
  for (const line of formatTable(columns, rows, palette.quiet)) output.line(line)
  if (result.failed > 0) output.warning(`${formatCount(result.failed)} requests failed, the first with: ${result.firstFailure ?? ''}`)
}
