/**
 * `skein start`: the options of a node. The node itself (`node-process.ts`), with the network and
 * the storage below it, is loaded only when it is to run: `skein get` should not wait for that.
 */

import { MIB, SECOND_MS, VALUE_BYTES_MAX } from '../base/index.ts'
import { parseAddress, parsePeer } from './addresses.ts'
import { defineCommand } from './command.ts'
import { parseUrl } from './connection.ts'
import {
  choiceOption,
  durationOption,
  hidden,
  integerOption,
  listOption,
  type OptionSpec,
  type OptionValues,
  optionalSwitch,
  shareOption,
  sizeOption,
  switchOption,
  textOption,
} from './options.ts'

const PORT_MAX = 65_535

const ADVERTISE_URL: OptionSpec<string | null> = {
  ...textOption({ summary: 'where clients reach the HTTP door (default: where it is bound)', placeholder: '<url>' }, null),
  decode: ([text = ''], name) => parseUrl(text, name),
}

/** Defaults as the server has them, repeated in words that a help can show. */
const OPTIONS = {
  node: textOption({ summary: "this node's name, unique in its cluster", placeholder: '<name>' }, 'n1'),
  data: textOption({ summary: 'its data directory (default ./data/<name>)', placeholder: '<dir>' }, null),
  host: textOption({ summary: 'address that its doors are bound to', placeholder: '<address>' }, '127.0.0.1'),
  httpPort: portOption('port of the HTTP door', 8401),
  advertiseUrl: ADVERTISE_URL,
  respPort: portOption('port of the TCP door: the Redis protocol and JSON lines', 6401),
  gossipHost: textOption({ summary: 'address that its peers reach it at (default: that of --host)', placeholder: '<address>' }, null),
  gossipPort: portOption('UDP port that its peers reach it at', 4901),
  peers: listOption(
    { summary: 'the other nodes, separated by commas: n2@10.0.0.2:4901', placeholder: '<name@host:port>' },
    [],
    null,
    parsePeer,
  ),
  mode: choiceOption(
    { summary: 'how a new cluster takes writes: through every node, or through a leader', choices: ['multi', 'leader'] },
    'multi',
  ),
  join: switchOption('come to a cluster that is there already: no vote until `skein join`, and --peers are its members'),
  forward: optionalSwitch('send on to the leader what only it can do; --no-forward: refuse it (default: on)', null),
  secretFile: textOption({ summary: 'file with the secret that the cluster shares (skein secret)', placeholder: '<file>' }, null),
  discovery: choiceOption({ summary: 'how peers are found: by --peers alone, or over a DHT', choices: ['static', 'dht'] }, 'static'),
  bootstrap: listOption(
    { summary: 'nodes of a private DHT; the public one if left out', placeholder: '<host:port>' },
    [],
    null,
    parseAddress,
  ),
  maxValue: sizeOption({ summary: 'the largest value, up to 4mb', placeholder: '<size>', min: 1, max: VALUE_BYTES_MAX }, MIB, '1mb'),
  maxClockDrift: durationOption(
    { summary: 'how far ahead of the others a clock may be', placeholder: '<duration>' },
    60 * SECOND_MS,
    '60s',
  ),
  segmentSize: sizeOption({ summary: 'size of a journal segment', placeholder: '<size>', min: MIB, max: 1024 * MIB }, 64 * MIB, '64mb'),
  minFree: sizeOption(
    { summary: 'refuse writes while the disk has less free', placeholder: '<size>', min: 0, max: 1024 ** 5 },
    256 * MIB,
    '256mb',
  ),
  dropRate: shareOption({ summary: 'make this share of durable writes fail, for tests', placeholder: '<share>' }, 0),
  allowInsecure: switchOption('let doors be bound to addresses that others can reach'),
  logLevel: choiceOption({ summary: 'how much it says', choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] }, 'info'),
  pretty: optionalSwitch('readable log lines (default: at a terminal)', null),
  stopWithParent: hidden(switchOption('stop when the process that started this one is gone')),
}

export type StartOptions = OptionValues<typeof OPTIONS>

export const start = defineCommand({
  name: 'start',
  operands: [],
  summary: 'runs a node',
  details:
    'Doors are bound to loopback; another --host is refused unless --allow-insecure is given. SIGTERM and SIGINT stop the ' +
    'node when what is in flight is done; a second one stops it at once, which loses nothing that was answered.',
  examples: [
    { line: 'skein start', meaning: 'a node by itself, on ports 8401 and 6401' },
    { line: 'skein start --node n2 --http-port 8402 --resp-port 6402 --gossip-port 4902 --secret-file cluster.secret \\', meaning: '' },
    { line: '            --peers n1@127.0.0.1:4901,n3@127.0.0.1:4903', meaning: 'one of three' },
    {
      line: 'skein start --node n4 --join --http-port 8404 --resp-port 6404 --gossip-port 4904 --secret-file cluster.secret \\',
      meaning: '',
    },
    { line: '            --peers n1@127.0.0.1:4901,n2@127.0.0.1:4902', meaning: 'comes to those that run; then skein join n4' },
    { line: 'SKEIN_HTTP_PORT=9000 skein start --config node.json', meaning: 'options from the environment and a file' },
  ],
  options: OPTIONS,
  run: async (invocation) => (await import('./node-process.ts')).runNode(invocation),
})

function portOption<Fallback extends number | null>(summary: string, fallback: Fallback): ReturnType<typeof integerOption<Fallback>> {
  return integerOption({ summary: `${summary}; 0 takes a free one`, placeholder: '<port>', min: 0, max: PORT_MAX }, fallback)
}
