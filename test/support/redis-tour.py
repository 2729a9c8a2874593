"""Sends each list of words on standard input (JSON) through redis-py and prints what it answers, as JSON."""

import json
import sys

import redis


def plain(value):
    """A value as JSON has it: what redis-py makes of answers has bytes, sets and other keys than text."""
    if isinstance(value, bytes):
        return value.decode('latin1')
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def call(connection, words):
    # The bare connection: a tour changes modes of the connection that redis-py's own methods manage.
    connection.send_command(*words)
    try:
        return plain(connection.read_response())
    except redis.ResponseError as error:
        return f'error: {error}'


def methods(client):
    """The way in which programs use it."""
    client.flushall()
    client.set('a', 'b', ex=100)
    with client.pipeline(transaction=True) as transaction:
        executed = transaction.set('c', '1').get('c').strlen('a').execute()
    client.mset({f'key:{index}': index for index in range(25)})
    watched = client.transaction(lambda pipe: (pipe.multi(), pipe.append('c', '2'))[0], 'c')
    return {
        'get': client.get('a'),
        'ttl': client.ttl('a') > 0,
        'transaction': executed,
        'watched': watched,
        'mget': client.mget('key:1', 'nothing'),
        'scan': len(list(client.scan_iter('key:*', count=7))),
        'bytes': client.set('bytes', b'\xff\x00\r\n') and client.get('bytes'),
        'delete': client.delete('a', 'nothing'),
        'version': client.info('server')['redis_version'][:2],
    }


port = int(sys.argv[1])
client = redis.Redis(port=port)
connection = redis.Connection(port=port)
tour = json.load(sys.stdin)
print(json.dumps({'tour': [call(connection, words) for words in tour], 'methods': plain(methods(client))}))
