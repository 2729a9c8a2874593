/**
 * A run of the demonstration from its first process to its last: whatever happens in between (a
 * story that goes wrong, Ctrl-C in the middle, a node that dies), no child is left behind.
 */

import { once } from 'node:events'
import { SkeinError } from '../base/index.ts'
import type { Invocation } from './command.ts'
import type { DemoOptions } from './demo.ts'
import { DemoCluster } from './demo-cluster.ts'
import { CONTESTED_KEY, NotAsTold, tellStory } from './demo-story.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Output } from './output.ts'

export async function runDemo({ options, output, terminal }: Invocation<DemoOptions>): Promise<ExitCode> {
  const { palette } = output
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  output.line(`${palette.strong('skein demo')}  ${palette.quiet('three nodes on this machine, each of which accepts writes')}`)
  const cluster = await DemoCluster.start(options)
  const forceStop = (): void => cluster.kill()
  interrupt.signal.addEventListener('abort', () => process.on('SIGINT', forceStop), { once: true })
  try {
    await tellStory(cluster, output, interrupt.signal)
    if (!options.once) {
      printUsage(cluster, options, terminal.environment, output)
      await stayUp(cluster, output, interrupt.signal)
    }
    return EXIT.done
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.done
    return explainFailure(error, options, output)
  } finally {
    if (!options.once) output.line(palette.quiet('\n    stopping three nodes …'))
    await cluster.stop()
    process.off('SIGINT', forceStop)
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
  }
}

/** Waits for a signal; a node that ends meanwhile is reported, and the others go on. */
async function stayUp(cluster: DemoCluster, output: Output, signal: AbortSignal): Promise<void> {
  for (const { name, process: child } of cluster.nodes) {
    void child.ended.then((how) => {
      if (!signal.aborted) output.warning(`${name} has stopped (${how}). The others go on; end this demo and run it again to have three.`)
    })
  }
  if (!signal.aborted) await once(signal, 'abort')
}

function explainFailure(error: unknown, { data }: DemoOptions, output: Output): ExitCode {
  if (!(error instanceof NotAsTold) && !(error instanceof SkeinError)) throw error
  const told = new SkeinError('INTERNAL', `the demo did not go as told: ${error.message}`)
  output.failure(told, `the nodes' logs are ${data}/n1.log, n2.log and n3.log`)
  return EXIT.no
}

function printUsage(
  cluster: DemoCluster,
  options: DemoOptions,
  environment: Readonly<Record<string, string | undefined>>,
  output: Output,
): void {
  const { palette } = output
  const [n1, n2, n3] = cluster.nodes
  // Within an npm script the program need not be on the path.
  const skein = environment.npm_lifecycle_event === undefined ? 'skein' : 'npx skein'
  const usual = options.httpPort === 8401
  const one = usual ? '' : ` --url ${n2.url}`
  const all = usual ? '' : cluster.nodes.map(({ url }) => ` --url ${url}`).join('')
  const lines = [
    '',
    `    ${palette.strong('The cluster stays up.')} ${palette.quiet('In another terminal:')}`,
    '',
    `    ${palette.name(`curl ${n3.url}/v1/keys/${CONTESTED_KEY}`)}`,
    `    ${palette.name(`curl -X PUT ${n1.url}/v1/keys/greeting -H 'content-type: text/plain' -d hello`)}`,
    `    ${palette.name(`redis-cli -p ${n2.respPort} set color blue`)}`,
    `    ${palette.name(`${skein} get greeting${one}`)}`,
    `    ${palette.name(`${skein} status --watch${all}`)}`,
    `    ${palette.name(`${skein} conflicts ${CONTESTED_KEY}${one}`)}`,
    '',
    `    ${palette.quiet("import { connect } from 'skein/client'")}`,
    `    ${palette.quiet(`const db = connect({ nodes: ['${n1.url}', '${n2.url}'] })`)}`,
    `    ${palette.quiet("await db.set('user:2', { name: 'Bob' })")}`,
    '',
    `    ${palette.quiet(`API: ${n1.url}/docs   data and logs: ${options.data}   Ctrl-C stops all three`)}`,
  ]
  for (const line of lines) output.line(line)
}
