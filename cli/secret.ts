/** `skein secret`: makes the secret that the nodes of a new cluster share (ID2). */

import { defineCommand, JSON_OPTION } from './command.ts'
import { EXIT } from './exit-codes.ts'

export const secret = defineCommand({
  name: 'secret',
  operands: [],
  summary: 'prints a new cluster secret',
  details: 'Whoever has the secret is a member: keep it in a file that only the nodes can read, and give it to each with --secret-file.',
  examples: [{ line: '(umask 077; skein secret > cluster.secret)', meaning: 'a secret in a file of your own' }],
  options: { json: JSON_OPTION },
  run: async ({ output }) => {
    const { ClusterSecret } = await import('../gossip/index.ts')
    const text = ClusterSecret.generate().reveal()
    if (output.isJson) output.json({ secret: text })
    else output.line(text)
    return EXIT.done
  },
})
