/**
 * `redis-benchmark` as the load: Redis's own tool, so that nobody can say that the client was made
 * for the server. It takes a number of requests, not a time; the number is found by a short run.
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { median, percentile, showMs, thousands } from './measure.ts'

const run = promisify(execFile)

/** Requests of the run that finds out how fast a server is. */
const PROBE_REQUESTS = 2000
/** Different keys. */
const KEYS = 100_000
const VALUE_BYTES = 100

export interface Load {
  readonly test: 'set' | 'get'
  readonly connections: number
  /** Commands sent at once on each connection. */
  readonly pipeline: number
}

export interface LoadSample {
  /** Requests a second. */
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What of Redis's programs is missing here; empty if nothing is. */
export async function missingPrograms(): Promise<readonly string[]> {
  const programs = ['redis-server', 'redis-benchmark']
  const found = await Promise.all(
    programs.map((program) =>
      run(program, ['--version']).then(
        () => true,
        () => false,
      ),
    ),
  )
  return programs.filter((_, index) => !found[index])
}

/** Runs of a load of about `ms`. Each is as long as the rate of the one before it says: a server's first run is not its speed. */
export function loadOf(port: number, load: Load, ms: number): () => Promise<LoadSample> {
  let last: LoadSample | undefined
  return async () => {
    last ??= await measure(port, load, PROBE_REQUESTS)
    last = await measure(port, load, Math.max(PROBE_REQUESTS, Math.round((last.rate * ms) / 1000)))
    return last
  }
}

async function measure(port: number, { test, connections, pipeline }: Load, requests: number): Promise<LoadSample> {
  const numbers = { p: port, t: test, c: connections, P: pipeline, n: requests, r: KEYS, d: VALUE_BYTES }
  const { stdout } = await run('redis-benchmark', [
    '--csv',
    ...Object.entries(numbers).flatMap(([name, value]) => [`-${name}`, String(value)]),
  ])
  const row = stdout.split('\n').find((line) => line.toLowerCase().startsWith(`"${test}"`))
  if (row === undefined) throw new Error(`redis-benchmark printed no row for ${test}: ${stdout.slice(0, 400)}`)
  // "test","rps","avg_latency_ms","min","p50","p95","p99","max"
  const [, rate = Number.NaN, , , p50Ms = Number.NaN, , p99Ms = Number.NaN] = row.split(',').map((cell) => Number(cell.replaceAll('"', '')))
  return { rate, p50Ms, p99Ms }
}

export function medianOf(samples: readonly LoadSample[], figure: (sample: LoadSample) => number): number {
  return median(samples.map(figure))
}

/** Median and spread of the rates, and of the latencies the medians. */
export function describeLoad(samples: readonly LoadSample[]): string {
  const rates = samples.map(({ rate }) => rate).sort((left, right) => left - right)
  const [low, high] = [percentile(rates, 0), percentile(rates, 1)]
  const [p50Ms, p99Ms] = [medianOf(samples, (sample) => sample.p50Ms), medianOf(samples, (sample) => sample.p99Ms)]
  return `${thousands(median(rates))}/s (${thousands(low)}–${thousands(high)}) p50 ${showMs(p50Ms)} p99 ${showMs(p99Ms)}`
}
