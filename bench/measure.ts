/**
 * Measuring: rounds that alternate between a peer and ours, medians with their spread, latencies
 * as percentiles. Machines are noisy; a ratio of medians taken side by side is what is quoted.
 */

export interface Sample {
  /** Operations a second. */
  readonly rate: number
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[]
}

export interface Row {
  readonly what: string
  readonly figure: string
  /** The peer's figure from the same rounds. */
  readonly peer?: string
  readonly ratio?: string
  readonly target?: string
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((left, right) => left - right),
    0.5,
  )
}

/** Of a sorted list. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Runs `operation` with so many at once until `ms` have passed. */
export async function closedLoop(inFlight: number, ms: number, operation: (index: number) => Promise<unknown>): Promise<Sample> {
  const latencies: number[] = []
  const start = performance.now()
  const end = start + ms
  let index = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now()
      await operation(index++)
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - start) / 1000
  return { rate: latencies.length / seconds, latencies: latencies.sort((left, right) => left - right) }
}

/** Alternates the candidates, A B A B …, after one round of warming up. */
export async function alternate<Name extends string, Measured = Sample>(
  rounds: number,
  candidates: Readonly<Record<Name, () => Promise<Measured>>>,
): Promise<Record<Name, Measured[]>> {
  const names = Object.keys(candidates) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<Name, Measured[]>
  for (const name of names) await candidates[name]()
  for (let round = 0; round < rounds; round++) for (const name of names) samples[name].push(await candidates[name]())
  return samples
}

export function rateOf(samples: readonly Sample[]): number {
  return median(samples.map((sample) => sample.rate))
}

export function latencyOf(samples: readonly Sample[], share: number): number {
  return median(samples.map((sample) => percentile(sample.latencies, share)))
}

export function showRate(samples: readonly Sample[]): string {
  const rates = samples.map((sample) => sample.rate)
  const [low, high] = [Math.min(...rates), Math.max(...rates)]
  return `${thousands(rateOf(samples))}/s (${thousands(low)}–${thousands(high)})`
}

export function showLatency(samples: readonly Sample[]): string {
  return `p50 ${showMs(latencyOf(samples, 0.5))} p99 ${showMs(latencyOf(samples, 0.99))}`
}

export function showMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
