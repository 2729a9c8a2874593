/**
 * `skein demo`, which `npm start` runs: three nodes on this machine, a story told with them, and
 * then a cluster to play with until Ctrl-C.
 */

import { defineCommand } from './command.ts'
import { integerOption, type OptionValues, switchOption, textOption } from './options.ts'

/** Three in a row must fit. */
const FIRST_PORT_MAX = 65_533

const OPTIONS = {
  data: textOption({ summary: 'where the nodes keep their data', placeholder: '<dir>' }, './data/demo'),
  httpPort: integerOption({ summary: 'the first of three HTTP ports', placeholder: '<port>', min: 1, max: FIRST_PORT_MAX }, 8401),
  respPort: integerOption({ summary: 'the first of three RESP ports', placeholder: '<port>', min: 1, max: FIRST_PORT_MAX }, 6401),
  gossipPort: integerOption({ summary: 'the first of three gossip ports', placeholder: '<port>', min: 1, max: FIRST_PORT_MAX }, 4901),
  once: switchOption('stop when the story is told'),
}

export type DemoOptions = OptionValues<typeof OPTIONS>

export const demo = defineCommand({
  name: 'demo',
  operands: [],
  summary: 'runs three nodes here and shows what they can do',
  details:
    'Three real processes on loopback: a write through each, a cut network, writes on both sides, healing, the conflict ' +
    'explained. Then they stay up to be tried out; Ctrl-C stops all of them. Exits with 1 if anything goes otherwise than told.',
  examples: [
    { line: 'skein demo', meaning: 'ports 8401–8403, 6401–6403 and 4901–4903, data in ./data/demo' },
    { line: 'skein demo --once', meaning: 'the story alone' },
    { line: 'skein demo --http-port 9401 --resp-port 7401 --gossip-port 5901 --data /tmp/demo', meaning: 'elsewhere' },
  ],
  options: OPTIONS,
  run: async (invocation) => (await import('./demo-run.ts')).runDemo(invocation),
})
