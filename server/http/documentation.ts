/**
 * `/openapi.json` and `/docs`: the API described from the routes' own descriptions, and a page on
 * which it can be tried. The page is the one thing here that a browser renders, so the strict
 * headers of Helmet go to it, less two that would break it on a plain HTTP address.
 */

import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { fastifySchemaOf, type RouteDescription } from './api-schema.ts'
import { JSON_TYPE } from './errors.ts'
import { Query } from './request-url.ts'

const ABOUT = `A multi-writer key-value store: every node accepts durable writes, and the nodes converge by themselves. Or, in leader mode, one of them orders all writes, and reads may be linearizable; any node sends on to it what only it can do.

Every answer that reflects state carries a session token (\`Skein-Session\`). Send it along with later requests, to any node, to read your own writes.

Every failure is \`{"error": {"code", "message", "details"?}}\`; the message says what to do next.`

/** Collects the descriptions of all routes registered after it. @param version of the program */
export async function registerApiDescription(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Skein', version, description: ABOUT, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      tags: [
        { name: 'Keys', description: 'Values by key, in order.' },
        { name: 'Batches', description: 'Several keys, all or nothing.' },
        { name: 'Conflicts', description: 'What concurrent writes lost.' },
        { name: 'Operation', description: 'Health, status, members.' },
      ],
    },
    transform: ({ schema, url, route }) => {
      const describe: RouteDescription | undefined = route.config?.describe
      if (describe === undefined) return { schema: { ...schema, hide: true }, url }
      // The generator changes what it is given.
      return { schema: structuredClone(fastifySchemaOf(describe)), url: (describe.path ?? url).replaceAll(/\{(\w+)\}/g, ':$1') }
    },
  })
}

/** Registers `/openapi.json` and `/docs`. */
export async function registerDocumentationPages(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', (request, reply) => {
    Query.of(request.url, [])
    reply.header('content-type', JSON_TYPE).send(JSON.stringify(app.swagger()))
  })
  await app.register(async (pages) => {
    await pages.register(helmet, {
      contentSecurityPolicy: {
        directives: {
          'script-src': ["'self'"],
          'style-src': ["'self'", "'unsafe-inline'"],
          'img-src': ["'self'", 'data:'],
          // Doors speak plain HTTP on loopback: the page must not ask for HTTPS.
          'upgrade-insecure-requests': null,
        },
      },
      strictTransportSecurity: false,
    })
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { docExpansion: 'list', displayRequestDuration: true, tryItOutEnabled: true },
    })
  })
}
