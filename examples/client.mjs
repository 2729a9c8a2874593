/**
 * A program and a cluster: values, conditions, a batch, a scan, a write concern.
 *
 *     npm start                      three nodes, in another terminal
 *     node examples/client.mjs       or with the addresses of other nodes
 */

import { connect, SkeinError } from 'skein/client'

const nodes = process.argv.slice(2)
if (nodes.length === 0) nodes.push('http://127.0.0.1:8401', 'http://127.0.0.1:8402', 'http://127.0.0.1:8403')

// The first node is asked first; the others are asked when it does not answer.
const db = connect({ nodes })

const { version } = await db.set('user:1', { name: 'Alice' })
console.log('read', await db.get('user:1'))

// Only over the version that was written above.
await db.set('user:1', { name: 'Alice', city: 'Oslo' }, { ifVersion: version })
try {
  await db.set('user:1', { name: 'Bob' }, { ifVersion: version })
} catch (error) {
  if (!(error instanceof SkeinError) || error.code !== 'CONFLICT') throw error
  console.log('refused', error.code)
}

// All or nothing, on every node.
await db.batch([
  { op: 'set', key: 'user:2', value: { name: 'Bob' } },
  { op: 'set', key: 'user:3', value: { name: 'Carol' }, ttl: '1h' },
])
for await (const { key, value } of db.scan({ prefix: 'user:' })) console.log(key, value)

// Answered when most of the nodes hold it on their disks.
await db.set('order:1', 'paid', { w: 'majority' })
await db.close()
