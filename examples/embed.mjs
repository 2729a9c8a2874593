/**
 * A node inside the program: no server, no port, the same durable writes.
 *
 *     node examples/embed.mjs [data directory]
 */

import { open } from 'skein'

const db = await open({ data: process.argv[2] ?? './data/embedded' })

// Durable when it returns: a power cut after this line does not lose it.
await db.set('greeting', 'good morning')
console.log(await db.get('greeting'))

const { digest, keys } = db.nodeStatus()
console.log(`${keys} key, digest ${digest}`)
await db.close()
