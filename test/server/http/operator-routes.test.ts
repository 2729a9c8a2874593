import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonOf, openDoor, type RunningDoor } from './running-door.ts'

interface OpenApi {
  paths: Record<string, Record<string, Operation>>
}

interface Operation {
  summary: string
  tags: string[]
  parameters?: { in: string; name: string }[]
  responses: Record<
    string,
    { description: string; content: Record<string, { schema: { properties: { error: { properties: { code: { enum: string[] } } } } } }> }
  >
}

let running: RunningDoor

beforeAll(async () => {
  running = await openDoor()
})
afterAll(() => running.stop())

const get = (path: string): Promise<Response> => fetch(`${running.url}${path}`)

describe('operators', () => {
  it('[HTTP] the status has what the interface promises', async () => {
    const status = await jsonOf<object>(await get('/v1/status'))
    expect(Object.keys(status)).toEqual(
      expect.arrayContaining([
        'node',
        'writer',
        'version',
        'mode',
        'epoch',
        'leader',
        'digest',
        'frontier',
        'logs',
        'peers',
        'storage',
        'uptime',
      ]),
    )
    expect(status).toMatchObject({ node: 'n1', mode: 'multi', epoch: 1, leader: null, peers: [] })
  })

  it('[HTTP] the cluster is its members and its mode', async () => {
    expect(await (await get('/v1/cluster')).json()).toMatchObject({
      node: 'n1',
      mode: 'multi',
      epoch: 1,
      members: [{ node: 'n1', self: true, state: 'alive' }],
    })
  })

  it.each(['/healthz', '/readyz'])('[HTTP] %s is 200', async (path) => {
    expect((await get(path)).status).toBe(200)
  })

  it('[HTTP] no conflicts is an empty page', async () => {
    expect(await (await get('/v1/conflicts')).json()).toEqual({ items: [], cursor: null })
    expect(await (await get('/v1/conflicts/a%2Fb')).json()).toEqual({ items: [], cursor: null })
  })
})

describe('documentation', () => {
  it('[HTTP] the docs page and what it loads are there', async () => {
    const page = await get('/docs')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain('text/html')
    const html = await page.text()
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => new URL(link ?? '', page.url).href)
    expect(links.length).toBeGreaterThan(3)
    for (const link of links) expect((await fetch(link)).status, link).toBe(200)
  })

  it('[HTTP] the page may load its own scripts, and nothing asks for HTTPS', async () => {
    const policy = (await get('/docs')).headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('upgrade-insecure-requests')
  })

  it('[HTTP] the OpenAPI document describes every route of the interface', async () => {
    const document = await jsonOf<OpenApi>(await get('/openapi.json'))
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Skein', version: expect.stringMatching(/^\d+\.\d+\.\d+/) } })
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(operations.sort()).toEqual([
      'DELETE /v1/cluster/members/{node}',
      'DELETE /v1/keys/{key}',
      'GET /healthz',
      'GET /readyz',
      'GET /v1/cluster',
      'GET /v1/conflicts',
      'GET /v1/conflicts/{key}',
      'GET /v1/keys',
      'GET /v1/keys/{key}',
      'GET /v1/status',
      'POST /v1/batch',
      'POST /v1/cluster/join',
      'POST /v1/cluster/mode',
      'POST /v1/cluster/promote',
      'POST /v1/conflicts/{key}/restore',
      'PUT /v1/keys/{key}',
    ])
  })

  it('[HTTP] every operation has a summary, its path parameters, and the shape of its errors', async () => {
    const document = await jsonOf<OpenApi>(await get('/openapi.json'))
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary, path).toEqual(expect.any(String))
        expect(operation.tags, path).toHaveLength(1)
        const names = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)
        expect(names, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
        const error = operation.responses['400']?.content['application/json']?.schema.properties.error
        expect(error?.properties.code.enum, path).toEqual(['BAD_REQUEST'])
        expect(operation.responses['200']?.description, path).toEqual(expect.any(String))
      }
    }
  })

  it('[HTTP] every reference in the document leads somewhere', async () => {
    const text = await (await get('/openapi.json')).text()
    expect(text).not.toContain('"$ref"')
  })
})
