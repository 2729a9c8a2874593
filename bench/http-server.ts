/** A server of the HTTP benchmark in a process of its own: a Skein node, or a Fastify that echoes. */

import Fastify from 'fastify'
import { startLoneNode } from './lone-node.ts'

const [kind, data = ''] = process.argv.slice(2)

if (kind === 'echo') {
  const app = Fastify({ logger: false })
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  const answer = { version: 'echo.00000000:1', session: 'AQ' }
  app.put('/v1/keys/:key', async () => answer)
  app.get('/v1/keys/:key', async () => 'v'.repeat(100))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  process.send?.(typeof address === 'object' ? address?.port : 0)
  process.once('message', () => app.close().then(() => process.exit(0)))
} else {
  const server = await startLoneNode(data)
  process.send?.(Number(new URL(server.urls.http).port))
  process.once('message', () => server.stop().then(() => process.exit(0)))
}
