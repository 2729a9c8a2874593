/** `skein status`: the cluster as its nodes see it. */

import { parseDuration, SECOND_MS, SkeinError, toSkeinError } from '../base/index.ts'
import { type Answer, assembleView, type ClusterView } from './cluster-view.ts'
import { defineCommand, type Invocation, JSON_OPTION } from './command.ts'
import { TIMEOUT_OPTION, URL_DEFAULT, URL_OPTION, withDatabase } from './connection.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { decodeNodeReport, type NodeReport } from './node-report.ts'
import { durationOption, type OptionSpec, type OptionValues } from './options.ts'
import { Screen } from './screen.ts'
import { renderStatus } from './status-page.ts'
import { pause } from './waiting.ts'

/** Asked if no address is given: the nodes of `skein demo`, of which others than the first may be missing. */
const USUAL_URLS = [URL_DEFAULT, 'http://127.0.0.1:8402', 'http://127.0.0.1:8403']

const TIMEOUT_MS = 2 * SECOND_MS
const WATCH_MIN_MS = 100
/** Of `02:28:47 GMT…` */
const CLOCK_LENGTH = 8
const WATCH_DEFAULT_MS = 1 * SECOND_MS

const URLS: OptionSpec<readonly string[] | null> = {
  ...URL_OPTION,
  summary: 'address of a node; repeat it to ask more nodes',
  fallback: null,
  shownFallback: '127.0.0.1, ports 8401 to 8403, as far as nodes run there',
}

const WATCH: OptionSpec<number | null> = {
  ...durationOption({ summary: 'draw it again every second, or this often, until Ctrl-C', placeholder: '[interval]' }, null, null),
  decode: ([text = ''], name) => {
    // The flag without a value; a number without a unit is in seconds here, as in watch(1).
    const intervalMs = text === 'true' ? WATCH_DEFAULT_MS : parseDuration(Number.isNaN(Number(text)) ? text : `${text}s`, name)
    if (intervalMs >= WATCH_MIN_MS) return intervalMs
    throw new SkeinError('BAD_REQUEST', `${name} is below ${WATCH_MIN_MS} ms: write 1s`)
  },
}

const OPTIONS = {
  url: URLS,
  timeout: { ...TIMEOUT_OPTION, summary: 'how long a node may take to answer', fallback: TIMEOUT_MS, shownFallback: '2s' },
  watch: WATCH,
  json: JSON_OPTION,
}

type Options = OptionValues<typeof OPTIONS>

/** What the nodes answered, to show and to hand on. */
interface Picture {
  readonly view: ClusterView
  /** The bodies as they came. */
  readonly bodies: readonly unknown[]
}

/** A node's answer with its body, or the failure to get one. */
type Asked =
  | { readonly url: string; readonly report: NodeReport; readonly body: unknown }
  | { readonly url: string; readonly report: null; readonly error: SkeinError }

export const status = defineCommand({
  name: 'status',
  operands: [],
  summary: 'shows who is there, who reaches whom and whether all agree',
  details:
    'Each node that is named is asked; a member that is not is shown as the others see it. Lag counts the transactions ' +
    'that a node has not applied yet. Exits with 1 if the nodes do not agree or a member is missing, with 3 if nobody answers.',
  examples: [
    { line: 'skein status', meaning: 'the nodes on this machine' },
    { line: 'skein status --watch', meaning: 'drawn again every second' },
    { line: 'skein status --url http://10.0.0.1:8401 --url http://10.0.0.2:8401', meaning: 'nodes elsewhere' },
    { line: 'skein status --json | jq .converged', meaning: 'for a script' },
  ],
  options: OPTIONS,
  run: (invocation) => (invocation.options.watch === null ? showOnce(invocation) : watch(invocation, invocation.options.watch)),
})

async function showOnce({ options, output }: Invocation<Options>): Promise<ExitCode> {
  const { view, bodies } = await takePicture(options)
  if (output.isJson) {
    const { agreement, digests, warnings, silent, isWell } = view
    output.json({
      converged: agreement.kind === 'converged',
      well: isWell,
      transactionsApart: agreement.kind === 'apart' ? agreement.transactions : 0,
      digests: Object.fromEntries(digests),
      warnings,
      silent,
      nodes: bodies,
    })
  } else for (const line of renderStatus(view, output.palette)) output.line(line)
  return view.isWell ? EXIT.done : EXIT.no
}

async function watch({ options, output, terminal }: Invocation<Options>, intervalMs: number): Promise<ExitCode> {
  if (output.isJson || !output.isTerminal)
    throw new SkeinError('BAD_REQUEST', '--watch draws at a terminal: leave it out for a pipe or --json')
  const screen = new Screen(terminal.stdout)
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  screen.enter()
  try {
    while (!interrupt.signal.aborted) {
      const lines = await takePicture(options).then(
        ({ view }) => renderStatus(view, output.palette),
        (error: unknown) => [output.palette.bad(toSkeinError(error).message)],
      )
      const footer = output.palette.quiet(
        `${new Date().toTimeString().slice(0, CLOCK_LENGTH)} · every ${intervalMs / SECOND_MS} s · Ctrl-C ends`,
      )
      screen.draw([...lines, '', footer], output.rows)
      await pause(intervalMs, interrupt.signal)
    }
    return EXIT.done
  } finally {
    screen.leave()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** @throws why the first node did not answer, if nobody does */
async function takePicture(options: Options): Promise<Picture> {
  const asked = await Promise.all((options.url ?? USUAL_URLS).map((url) => ask(url, options.timeout)))
  const answered = asked.filter((one) => one.report !== null)
  const first = asked[0]
  if (answered.length === 0 && first !== undefined && first.report === null) throw first.error
  // At a usual address, which nobody named, there need not be a node.
  const counted: readonly Asked[] = options.url === null ? answered : asked
  return { view: assembleView(counted.map(toAnswer)), bodies: answered.map((one) => one.body) }
}

async function ask(url: string, timeoutMs: number): Promise<Asked> {
  try {
    const body = await withDatabase({ url: [url], timeout: timeoutMs }, (database, call) => database.status(call))
    return { url, report: decodeNodeReport(body), body }
  } catch (error) {
    return { url, report: null, error: toSkeinError(error) }
  }
}

function toAnswer(asked: Asked): Answer {
  if (asked.report !== null) return { url: asked.url, report: asked.report }
  const { code, message, details } = asked.error
  const isSilent = code === 'UNAVAILABLE' || code === 'TIMEOUT'
  const reason = typeof details?.why === 'string' ? details.why : isSilent ? 'no answer in time' : message
  return { url: asked.url, report: null, reason }
}
