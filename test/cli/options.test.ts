import { describe, expect, it } from 'vitest'
import { parseAddress, parsePeer } from '../../cli/addresses.ts'
import { parseConfig } from '../../cli/config-file.ts'
import {
  choiceOption,
  durationOption,
  flagOf,
  integerOption,
  listOption,
  type OptionSources,
  resolveOptions,
  sizeOption,
  switchOption,
  variableOf,
} from '../../cli/options.ts'

const TABLE = {
  httpPort: integerOption({ summary: '', placeholder: '<port>', min: 0, max: 65_535 }, 8401),
  json: switchOption(''),
  url: listOption({ summary: '', placeholder: '<url>' }, ['default'], null, (text) => text),
  timeout: durationOption({ summary: '', placeholder: '<duration>' }, 10_000, '10s'),
  maxValue: sizeOption({ summary: '', placeholder: '<size>', min: 1, max: 4 * 1024 * 1024 }, 1024, '1kb'),
  mode: choiceOption({ summary: '', choices: ['multi', 'leader'] }, 'multi'),
}

interface Given {
  readonly flags?: Readonly<Record<string, readonly string[]>>
  readonly environment?: Readonly<Record<string, string>>
  readonly file?: Readonly<Record<string, readonly string[]>>
}

function sources({ flags = {}, environment = {}, file = {} }: Given): OptionSources {
  return { flags: new Map(Object.entries(flags)), environment, file: new Map(Object.entries(file)) }
}

describe('options', () => {
  it('[CLI] a flag beats a variable, which beats the file, which beats the default', () => {
    const flags = { httpPort: ['1'] }
    const environment = { SKEIN_HTTP_PORT: '2' }
    const file = { httpPort: ['3'] }
    const ports = [{ flags, environment, file }, { environment, file }, { file }, {}].map(
      (given) => resolveOptions(TABLE, sources(given)).httpPort,
    )
    expect(ports).toEqual([1, 2, 3, 8401])
  })

  it('[CLI] an option has one name in three spellings', () => {
    expect([flagOf('httpPort'), variableOf('httpPort')]).toEqual(['--http-port', 'SKEIN_HTTP_PORT'])
  })

  it('[CLI] an empty variable says nothing', () => {
    expect(resolveOptions(TABLE, sources({ environment: { SKEIN_HTTP_PORT: '' } })).httpPort).toBe(8401)
  })

  it.each([
    ['1', true],
    ['true', true],
    ['YES', true],
    ['on', true],
    ['0', false],
    ['false', false],
    ['off', false],
  ])('[CLI] SKEIN_JSON=%s is %s', (text, value) => {
    expect(resolveOptions(TABLE, sources({ environment: { SKEIN_JSON: text } })).json).toBe(value)
  })

  it('[CLI] a flag switches off what a variable switched on', () => {
    expect(resolveOptions(TABLE, sources({ flags: { json: ['false'] }, environment: { SKEIN_JSON: '1' } })).json).toBe(false)
  })

  it('[CLI] a list is repeated or separated by commas', () => {
    const repeated = resolveOptions(TABLE, sources({ flags: { url: ['a', 'b, c'] } })).url
    const variable = resolveOptions(TABLE, sources({ environment: { SKEIN_URL: 'a,b,,c' } })).url
    expect([repeated, variable]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  it.each([
    [{ flags: { httpPort: ['eighty'] } }, '--http-port "eighty"'],
    [{ flags: { httpPort: ['65536'] } }, '--http-port "65536"'],
    [{ flags: { httpPort: ['1.5'] } }, '--http-port "1.5"'],
    [{ environment: { SKEIN_HTTP_PORT: '-1' } }, 'SKEIN_HTTP_PORT "-1"'],
    [{ environment: { SKEIN_JSON: 'maybe' } }, 'SKEIN_JSON "maybe"'],
    [{ file: { httpPort: ['x'] } }, '"httpPort" of the config file "x"'],
    [{ file: { httpPort: ['1', '2'] } }, '"httpPort" of the config file is a list'],
    [{ flags: { timeout: ['soon'] } }, '--timeout "soon"'],
    [{ flags: { maxValue: ['5mb'] } }, '--max-value "5mb"'],
    [{ flags: { mode: ['both'] } }, '--mode "both"'],
  ])('[CLI] a bad value is refused by the name it was given under: %j', (given, message) => {
    expect(() => resolveOptions(TABLE, sources(given))).toThrow(message)
  })
})

describe('config file', () => {
  const KNOWN = ['httpPort', 'url', 'json']

  it('[CLI] keys are options, spelled either way', () => {
    const config = parseConfig('{"http-port": 1, "url": ["a", "b"], "json": true}', 'c.json', KNOWN)
    expect(Object.fromEntries(config)).toEqual({ httpPort: ['1'], url: ['a', 'b'], json: ['true'] })
  })

  it.each([
    ['{"htpPort": 1}', 'unknown key "htpPort"; known are httpPort, json, url'],
    ['{"__proto__": 1}', 'unknown key "__proto__"'],
    ['{"httpPort": 1, "http-port": 2}', 'twice'],
    ['{"httpPort": {}}', '"httpPort" of c.json is no text'],
    ['[1]', 'no JSON object'],
    ['{', 'not JSON'],
  ])('[CLI] %s is refused', (text, message) => {
    expect(() => parseConfig(text, 'c.json', KNOWN)).toThrow(message)
  })
})

describe('addresses', () => {
  it.each([
    ['127.0.0.1:4901', { host: '127.0.0.1', port: 4901 }],
    ['node.example:1', { host: 'node.example', port: 1 }],
    ['[::1]:4901', { host: '::1', port: 4901 }],
  ])('[CLI] %s is an address', (text, address) => {
    expect(parseAddress(text, '--bootstrap')).toEqual(address)
  })

  it.each(['', 'host', ':1', 'host:', 'host:0', 'host:65536', 'host:+1', 'host:1e3'])('[CLI] "%s" is no address', (text) => {
    expect(() => parseAddress(text, '--bootstrap')).toThrow('is no address')
  })

  it.each(['n2', '@127.0.0.1:1', 'N2@127.0.0.1:1', 'n2@127.0.0.1'])('[CLI] "%s" is no peer', (text) => {
    expect(() => parsePeer(text, '--peers')).toThrow()
  })
})
