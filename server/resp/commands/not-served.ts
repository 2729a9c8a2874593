/**
 * Commands that Redis has and this node has not: they are told apart from misspelled ones, with
 * what to do instead.
 */

interface Family {
  readonly names: readonly string[]
  /** What follows the name in the error. */
  readonly because: string
}

const NO_CLUSTER = 'ERR This instance has cluster support disabled'

const FAMILIES: readonly Family[] = [
  {
    names: ['incr', 'decr', 'incrby', 'decrby', 'incrbyfloat'],
    because: 'this node has no counters yet: read, WATCH and set the value in a transaction',
  },
  { names: ['setbit', 'getbit', 'bitcount', 'bitpos', 'bitop', 'bitfield', 'bitfield_ro'], because: noType('bitmaps') },
  {
    names: words(`hset hsetnx hmset hget hmget hgetall hdel hlen hstrlen hexists hkeys hvals hincrby hincrbyfloat hrandfield hscan`),
    because: noType('hashes'),
  },
  {
    names: words(`lpush lpushx rpush rpushx lpop rpop llen lindex lrange lset lrem ltrim linsert lpos lmove lmpop rpoplpush`),
    because: noType('lists'),
  },
  {
    names: words(`sadd srem smembers sismember smismember scard spop srandmember smove sscan sinter sintercard sinterstore sunion
      sunionstore sdiff sdiffstore`),
    because: noType('sets'),
  },
  {
    names: words(`zadd zrem zscore zmscore zincrby zcard zcount zlexcount zrank zrevrank zrange zrangestore zrangebyscore zrangebylex
      zrevrange zrevrangebyscore zrevrangebylex zremrangebyrank zremrangebyscore zremrangebylex zpopmin zpopmax zmpop zrandmember zscan
      zinter zintercard zinterstore zunion zunionstore zdiff zdiffstore`),
    because: noType('sorted sets'),
  },
  {
    names: words(`xadd xdel xlen xrange xrevrange xread xreadgroup xgroup xack xclaim xautoclaim xpending xinfo xtrim xsetid`),
    because: noType('streams'),
  },
  {
    names: words(`geoadd geopos geodist geohash geosearch geosearchstore georadius georadius_ro georadiusbymember georadiusbymember_ro`),
    because: noType('places'),
  },
  { names: ['pfadd', 'pfcount', 'pfmerge', 'pfdebug', 'pfselftest'], because: noType('sketches') },
  {
    names: ['blpop', 'brpop', 'brpoplpush', 'blmove', 'blmpop', 'bzpopmin', 'bzpopmax', 'bzmpop'],
    because: 'no command blocks: another node could wake two waiters for one element',
  },
  {
    names: words(`publish subscribe unsubscribe psubscribe punsubscribe spublish ssubscribe sunsubscribe pubsub monitor`),
    because: 'this node has no messages yet',
  },
  {
    names: words(`eval eval_ro evalsha evalsha_ro script fcall fcall_ro function`),
    because: 'this node runs no scripts: use MULTI and WATCH',
  },
  {
    names: ['sort', 'sort_ro', 'dump', 'restore', 'restore-asking', 'migrate'],
    because: 'values here have no such form: read them and do it in the client',
  },
  { names: ['move', 'swapdb'], because: 'there is one database, 0' },
  { names: ['save', 'bgsave', 'bgrewriteaof', 'lastsave'], because: 'every write is durable before it is answered' },
  {
    names: ['replicaof', 'slaveof', 'psync', 'sync', 'replconf', 'failover', 'role'],
    because: 'nodes find each other by --peers; who takes writes is switched with `skein mode` and `skein promote`',
  },
  {
    names: ['shutdown', 'slowlog', 'latency', 'memory', 'module', 'acl'],
    because: 'this node is operated by `skein` and over HTTP',
  },
]

const CLUSTER: readonly string[] = ['cluster', 'asking', 'readonly', 'readwrite']

/** The error for a command that is known and not served; null for any other name. @param name in small letters */
export function notServed(name: string): string | null {
  if (CLUSTER.includes(name)) return NO_CLUSTER
  const family = FAMILIES.find(({ names }) => names.includes(name))
  return family === undefined ? null : `ERR the command '${name}' is not served here: ${family.because}`
}

/** All names, for the documents. */
export function namesNotServed(): readonly string[] {
  return [...FAMILIES.flatMap(({ names }) => names), ...CLUSTER]
}

function noType(plural: string): string {
  return `this node has no ${plural} yet, values are strings`
}

function words(text: string): readonly string[] {
  return text.split(/\s+/)
}
