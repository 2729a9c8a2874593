/** Every command against a real node: what it prints and which exit code it answers. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../client/index.ts'
import { type LocalNode, startNode } from '../support/local-cluster.ts'
import { freePortsInARow, type Ran, type RunOptions, runInside, skein, startSkein } from './run-skein.ts'

let node: LocalNode
let stranger: Server
let directory: string
/** An address where nobody listens. */
let nowhere: string

beforeAll(async () => {
  node = await startNode()
  stranger = createServer((_request, response) => response.end('<html>welcome</html>'))
  await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening))
  directory = await mkdtemp(join(tmpdir(), 'skein-cli-'))
  nowhere = `http://127.0.0.1:${await freePortsInARow(1)}`
})

afterAll(async () => {
  stranger.closeAllConnections()
  stranger.close()
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Runs a command on the test's node. */
function on(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runInside(args, { ...options, env: { SKEIN_URL: node.url, ...options.env } })
}

async function answer(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await on(args, options)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('answers', () => {
  it('[CLI] set prints the version, and get the value', async () => {
    const version = await answer(['set', 'a:json', '{"name":"Alice"}'])
    expect(version).toMatch(/^n1\.[0-9a-f]{8}:\d+\n$/)
    expect(await answer(['get', 'a:json'])).toBe('{"name":"Alice"}\n')
  })

  it('[CLI] get --json prints the value with its version', async () => {
    const version = await answer(['set', 'a:meta', 'hello'])
    const item: unknown = JSON.parse(await answer(['get', 'a:meta', '--json']))
    expect(item).toMatchObject({ key: 'a:meta', value: 'hello', version: version.trim(), writer: version.split(':')[0], expiresAt: null })
  })

  it('[CLI] bytes go in and come out as they are', async () => {
    const file = join(directory, 'bytes')
    await writeFile(file, new Uint8Array([0, 1, 255, 10]))
    await answer(['set', 'a:bytes', '--file', file])
    expect(JSON.parse(await answer(['get', 'a:bytes', '--json']))).toMatchObject({ value: 'AAH/Cg==', encoding: 'base64' })
  })

  it('[CLI] a pipe is read with -', async () => {
    await answer(['set', 'a:pipe', '--file', '-', '--text'], { stdin: 'piped' })
    expect(await answer(['get', 'a:pipe'])).toBe('piped\n')
  })

  it('[CLI] keys like __proto__ and emoji are ordinary', async () => {
    await answer(['set', '__proto__', '{"__proto__":1}'])
    await answer(['set', 'a:🦊/..', '-5'])
    expect([await answer(['get', '__proto__']), await answer(['get', 'a:🦊/..'])]).toEqual(['{"__proto__":1}\n', '-5\n'])
  })

  it('[RG5] a condition that fails is a no', async () => {
    const version = (await answer(['set', 'a:once', '1', '--if-absent'])).trim()
    const again = await on(['set', 'a:once', '2', '--if-absent'])
    expect([again.code, again.stdout]).toEqual([1, ''])
    expect(again.stderr).toContain(version)
    await answer(['set', 'a:once', '3', '--if-version', version])
    expect(await answer(['get', 'a:once'])).toBe('3\n')
  })

  it('[CLI] del counts what there was', async () => {
    await answer(['set', 'a:del', '1'])
    expect(await answer(['del', 'a:del', 'a:missing'])).toBe('1\n')
    const { code, stdout } = await on(['del', 'a:del'])
    expect([code, stdout]).toEqual([1, '0\n'])
  })

  it('[WR3] a batch with a mistake in any line changes nothing', async () => {
    const stdin = '{"op":"set","key":"a:batch","value":1}\n{"op":"nonsense"}\n'
    const { code, stderr } = await on(['batch', '-'], { stdin })
    expect([code, stderr]).toEqual([2, expect.stringContaining('line 2 has the op "nonsense"')])
    expect((await on(['get', 'a:batch'])).code).toBe(1)
  })

  it('[CLI] a batch is applied, and says how much it was', async () => {
    const stdin = '{"op":"set","key":"a:b1","value":1}\n{"op":"set","key":"a:b2","value":{"__proto__":2}}\n'
    expect(await answer(['batch', '-', '--json'], { stdin })).toMatch(/^{"operations":2,"version":"n1\.[^"]+","deleted":0}\n$/)
    expect(await answer(['get', 'a:b2'])).toBe('{"__proto__":2}\n')
  })

  it('[CLI] scan pages by itself, in order, and keeps to its limits', async () => {
    const keys = Array.from({ length: 1200 }, (_, index) => `s:${String(index).padStart(4, '0')}`)
    await answer(['batch', '-'], { stdin: keys.map((key) => JSON.stringify({ op: 'set', key, value: 'v' })).join('\n') })
    expect(await answer(['scan', '--prefix', 's:'])).toBe(keys.map((key) => `${key}\tv\n`).join(''))
    expect(await answer(['scan', '--prefix', 's:', '--reverse', '--limit', '2', '--keys-only'])).toBe('s:1199\ns:1198\n')
    expect(await answer(['scan', '--start', 's:0001', '--end', 's:0003', '--keys-only'])).toBe('s:0001\ns:0002\n')
    expect(JSON.parse(await answer(['scan', '--prefix', 's:0007', '--json']))).toMatchObject({ key: 's:0007', value: 'v' })
  })

  it('[RG6] a ttl is shown as a time', async () => {
    await answer(['set', 'a:ttl', '1', '--ttl', '1h'])
    const { expiresAt } = JSON.parse(await answer(['get', 'a:ttl', '--json']))
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(3_500_000)
  })

  it('[CLI] status of a healthy node exits with 0', async () => {
    const page = await answer(['status'])
    expect(page).toContain('1 node · ')
    expect(page).toMatch(/● n1 +serving/)
    expect(JSON.parse(await answer(['status', '--json']))).toMatchObject({
      converged: true,
      well: true,
      silent: [],
      nodes: [{ node: 'n1' }],
    })
  })

  it('[CLI] status with a silent address exits with 1', async () => {
    const { code, stdout } = await on(['status', '--url', node.url, '--url', nowhere])
    expect([code, stdout]).toEqual([1, expect.stringContaining(`${nowhere} does not answer (connection refused)`)])
  })

  it('[CLI] no conflicts are no mistake, unless a key was asked for', async () => {
    expect(await answer(['conflicts'])).toBe('no conflicts on record\n')
    expect((await on(['conflicts', 'a:none'])).code).toBe(1)
  })

  it('[CLI] bench prints a table, or JSON', async () => {
    const result: unknown = JSON.parse(
      await answer(['bench', '--seconds', '1', '--connections', '4', '--read-share', '0.5', '--keys', '50', '--json']),
    )
    expect(result).toMatchObject({
      connections: 4,
      failed: 0,
      write: { requests: expect.any(Number) },
      read: { p99Ms: expect.any(Number) },
    })
  })

  it('[CLI] a dead address is passed over for a fallback', async () => {
    expect(await answer(['set', 'a:over', '1', '--url', nowhere, '--url', node.url])).toMatch(/^n1\./)
  })

  it('[ID2] secret prints a new one each time', async () => {
    const [one, two] = await Promise.all([answer(['secret']), answer(['secret'])])
    expect(one).toMatch(/^skein1_\S{48}\n$/)
    expect(one).not.toBe(two)
  })

  it('[CLI] variables and the config file are options too', async () => {
    await answer(['set', 'a:config', 'x'])
    const config = join(directory, 'skein.json')
    await writeFile(config, JSON.stringify({ url: node.url, json: true }))
    const { code, stdout } = await runInside(['get', 'a:config', '--config', config])
    expect([code, JSON.parse(stdout).value]).toEqual([0, 'x'])
    const plain = await runInside(['get', 'a:config'], { env: { SKEIN_CONFIG: config, SKEIN_JSON: '0' } })
    expect(plain.stdout).toBe('x\n')
  })

  it('[CLI] failures are JSON on stdout under --json', async () => {
    const { code, stdout } = await on(['get', 'a:none', '--json'])
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'NOT_FOUND'])
  })

  it('[CLI] there are no colours in a pipe', async () => {
    expect(await answer(['status'])).not.toContain('\u001b')
  })
})

describe('help', () => {
  it.each(['start', 'demo', 'secret', 'get', 'set', 'del', 'batch', 'scan', 'status', 'conflicts', 'bench'])(
    '[CLI] skein %s --help has examples',
    async (name) => {
      const { code, stdout } = await runInside([name, '--help'])
      expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`Usage: skein ${name}[\\s\\S]*Examples:\\n  .*skein ${name}`))])
    },
  )

  it('[CLI] --version is that of the package', async () => {
    const { code, stdout } = await runInside(['--version'])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })
})

describe('bad input', () => {
  it.each<readonly [args: string, code: number, message: string]>([
    ['', 2, 'Usage: skein'],
    ['nope', 2, "unknown command 'nope'"],
    ['stat', 2, "unknown command 'stat' (Did you mean status?)".slice(0, 22)],
    ['--nope', 2, "unknown option '--nope'"],
    ['get', 2, "missing required argument 'key'"],
    ['get a b', 2, 'too many arguments'],
    ['get a --nope', 2, "unknown option '--nope'"],
    ['get a --url', 2, "option '--url <url>' argument missing"],
    ['get a --url ftp://x', 2, '--url "ftp://x" is no address'],
    ['get a --url nonsense', 2, '--url "nonsense" is no address'],
    ['get a --timeout soon', 2, '--timeout "soon" is not a duration'],
    ['get a --timeout -1s', 2, '--timeout'],
    ['get a --timeout 0', 2, '--timeout is to be from 1ms'],
    ['get a --config /nonexistent.json', 2, "the config file can't be read"],
    ['get missing', 1, 'there is no key missing'],
    [`get ${'k'.repeat(1025)}`, 2, 'the key has 1025 bytes'],
    ['set a', 2, 'there is no value'],
    ['set a 1 --file x', 2, 'there is a value and --file'],
    ['set a --file /nonexistent', 2, "/nonexistent can't be read"],
    ['set a 1 --ttl never', 2, '--ttl "never" is not a duration'],
    ['set a 1 --ttl 0s', 2, 'ttl is 0'],
    ['set a 1 --w none', 2, '--w "none"'],
    ['set a 1 --w 0', 2, '--w "0"'],
    ['set a 1 --w 7', 2, 'w=7'],
    ['set a 1 --if-version x', 2, 'no version'],
    ['set a 1 --if-version n1.00000000:1 --if-absent', 2, 'exclude each other'],
    ['set a 1 --if-version n1.00000000:1', 1, 'the key'],
    ['del', 2, "missing required argument 'key'"],
    ['batch', 2, "missing required argument 'file'"],
    ['batch /nonexistent', 2, "/nonexistent can't be read"],
    ['batch -', 2, 'the batch is empty'],
    ['scan extra', 2, 'too many arguments'],
    ['scan --limit 0', 2, '--limit "0"'],
    ['scan --limit -1', 2, '--limit "-1"'],
    ['scan --limit many', 2, '--limit "many"'],
    ['status extra', 2, 'too many arguments'],
    ['status --watch', 2, '--watch draws at a terminal'],
    ['status --watch 1ms', 2, '--watch is below'],
    ['mode dynamo', 2, 'it is multi or leader'],
    ['mode multi leader', 2, 'too many arguments'],
    ['promote', 2, 'missing required argument'],
    ['promote N1', 2, 'node name "N1"'],
    ['promote n1', 2, 'switch with `skein mode leader` first'],
    ['join', 2, 'missing required argument'],
    ['join N1', 2, 'node name "N1"'],
    ['join n9', 1, 'n9 is not connected: start it with --join'],
    ['remove', 2, 'missing required argument'],
    ['remove N1', 2, 'node name "N1"'],
    ['remove n9', 1, 'n9 is no member'],
    ['remove n1', 2, "n1 can't remove itself"],
    ['get a --read latest', 2, '--read "latest"'],
    ['get a --read linearizable', 4, 'need a leader'],
    ['scan --read linearizable', 4, 'need a leader'],
    ['conflicts a b', 2, 'too many arguments'],
    ['conflicts --restore n1.00000000:1', 2, '--restore needs the key'],
    ['conflicts a --restore x', 2, 'no version'],
    ['conflicts a --restore n1.00000000:1', 1, ''],
    ['conflicts --limit 0', 2, '--limit "0"'],
    ['bench --connections 0', 2, '--connections "0"'],
    ['bench --seconds 0', 2, '--seconds "0"'],
    ['bench --read-share 2', 2, '--read-share "2"'],
    ['bench --value-size 2mb', 2, '--value-size "2mb"'],
    ['secret extra', 2, 'too many arguments'],
    ['start extra', 2, 'too many arguments'],
    ['start --node N1', 2, 'node name "N1"'],
    ['start --http-port 70000', 2, '--http-port "70000"'],
    ['start --advertise-url n1:8401', 2, 'write it as http://127.0.0.1:8401'],
    ['start --mode other', 2, '--mode "other"'],
    ['start --join', 2, 'give the addresses of its members with --peers'],
    ['start --discovery guess', 2, '--discovery "guess"'],
    ['start --bootstrap 127.0.0.1:1', 2, '--discovery dht'],
    ['start --bootstrap nonsense', 2, 'is no address'],
    ['start --peers n2', 2, 'is no peer'],
    ['start --peers n2@127.0.0.1:4902 --data /nonexistent/x', 2, 'needs the secret'],
    ['start --secret-file /nonexistent', 2, "the cluster secret can't be read"],
    ['start --drop-rate 2', 2, '--drop-rate "2"'],
    ['start --max-value 5mb', 2, '--max-value "5mb"'],
    ['start --max-clock-drift x', 2, '--max-clock-drift "x"'],
    ['start --segment-size 1', 2, '--segment-size "1"'],
    ['start --log-level loud', 2, '--log-level "loud"'],
    ['start --host 0.0.0.0', 4, '--allow-insecure'],
    ['demo extra', 2, 'too many arguments'],
    ['demo --http-port 0', 2, '--http-port "0"'],
  ])('[CLI] skein %s exits with %d', async (line, code, message) => {
    const ran = await on(line.split(' ').filter((word) => word !== ''))
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code, stderr: expect.stringContaining(message) })
    expect(ran.stdout).toBe('')
  })

  it.each([
    'get a',
    'set a 1',
    'del a',
    'scan',
    'status',
    'mode',
    'mode leader',
    'promote n1',
    'join n1',
    'remove n1',
    'conflicts',
    'bench',
  ])('[CLI] skein %s where nobody listens exits with 3, soon', async (line) => {
    const { code, stderr, stdout } = await runInside([...line.split(' '), '--url', nowhere])
    expect({ code, stdout, stderr }).toEqual({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/no node answers at .*\(connection refused\)\n/),
    })
  })

  it('[CLI] something else at the address is named as such', async () => {
    const { port } = stranger.address() as AddressInfo
    const { code, stderr } = await runInside(['get', 'a', '--url', `http://127.0.0.1:${port}`, '--timeout', '300ms'])
    expect([code, stderr]).toEqual([4, expect.stringContaining('not one of a Skein node')])
  })

  it('[CLI] none of this changed anything, and the node lives on', async () => {
    const database = connect({ nodes: [node.url] })
    expect(await database.get('a')).toBeUndefined()
    await database.close()
  })
})

describe('the process', () => {
  it.each<readonly [code: number, args: readonly string[]]>([
    [0, ['--version']],
    [1, ['get', 'a:none']],
    [2, ['get', 'a', '--nope']],
    [4, ['start', '--host', '0.0.0.0']],
  ])('[CLI] exits with %d for %j', async (code, args) => {
    const ran = await skein(args, { env: { SKEIN_URL: node.url } })
    expect({ code: ran.code, isSilent: ran.stderr === '' }).toEqual({ code, isSilent: code === 0 })
  })

  it('[CLI] exits with 3 where nobody listens', async () => {
    expect((await skein(['get', 'a', '--url', nowhere])).code).toBe(3)
  })

  it('[CLI] a reader that has seen enough is no failure', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => JSON.stringify({ op: 'set', key: `e:${index}`, value: 'x'.repeat(100) }))
    await answer(['batch', '-'], { stdin: lines.join('\n') })
    const scan = startSkein(['scan', '--url', node.url])
    scan.process.stdout?.once('data', () => scan.process.stdout?.destroy())
    const { code, stderr } = await scan.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('modes', () => {
  // On the node of the other tests, which leave it in multi-leader mode, as this one does.
  it('[EP4] [EP5] are shown, switched and shown again', async () => {
    expect(await answer(['mode'])).toMatch(/^multi, epoch \d+\n$/)
    expect(await answer(['mode', 'leader'])).toMatch(/^leader, led by n1, epoch \d+ \(took .*s\)\n$/)
    expect(JSON.parse(await answer(['mode', '--json']))).toEqual({ mode: 'leader', epoch: expect.any(Number), leader: 'n1' })
    await answer(['set', 'm:a', '1'])
    expect(await answer(['get', 'm:a', '--read', 'linearizable'])).toBe('1\n')
    expect(await answer(['scan', '--prefix', 'm:', '--read', 'linearizable'])).toBe('m:a\t1\n')
    expect(await answer(['promote', 'n1'])).toMatch(/^leader, led by n1/)
    expect(await on(['promote', 'n9'])).toMatchObject({ code: 1, stderr: expect.stringContaining('n9 is no voter') })
    expect(await answer(['join', 'n1'])).toMatch(/^n1 votes \(took .*s\)\n$/)
    expect(JSON.parse(await answer(['join', 'n1', '--json']))).toEqual({ voters: ['n1'], tookMs: expect.any(Number) })
    expect(await on(['remove', 'n1'])).toMatchObject({ code: 1, stderr: expect.stringContaining('n1 leads: hand over first') })
    const status = await answer(['status'])
    expect(status).toMatch(/led by n1, epoch \d+, committed \d+\/\d+/)
    expect(status).toMatch(/ {2}n1 +leader +\d+\/\d+ +\d+\/\d+ +[0-9a-f]{8}\n/)
    expect(JSON.parse(await answer(['mode', 'multi', '--json']))).toEqual({
      mode: 'multi',
      epoch: expect.any(Number),
      leader: null,
      tookMs: expect.any(Number),
    })
  })
})
