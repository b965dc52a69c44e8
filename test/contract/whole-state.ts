/**
 * All that a store holds, key by key as Redis has it (store/keys.ts), from either store: records, feed, hints, and every index that
 * commands rest on. Nothing is left out for being unknown here: a key that one of them has and the other lacks is a difference.
 */
import type { Redis } from 'ioredis';
import type { MemoryPartition } from '../../packages/controller/src/store/memory/partition.ts';

/** By what follows `<prefix>:{<partition>}:`. Empty collections, and counts of nothing, are as good as none. */
export type WholeState = Record<string, unknown>;

export async function stateInRedis(redis: Redis, keyPrefix: string, partition: string): Promise<WholeState> {
  const base = `${keyPrefix}:{${partition}}:`;
  const keys = (await redis.keys(`${base}*`)).map((key) => key.slice(base.length));
  const entries = keys.map(async (key) => [key, await valueOf(redis, base + key)] as const);
  return normalised(Object.fromEntries(await Promise.all(entries)));
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset':
      return pairs(await redis.zrange(key, '0', '-1', 'WITHSCORES'));
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, entry]) => entry);
    default:
      throw new Error(`${key} is a ${type}`);
  }
}

const pairs = (flat: string[]): Record<string, string> =>
  Object.fromEntries(flat.flatMap((member, i) => (i % 2 === 0 ? [[member, flat[i + 1]!]] : [])));

export function stateInMemory(partition: MemoryPartition): WholeState {
  const { feed, feedEnd, dirty, counts, leaseSweep, tokens, refusals } = partition;
  return normalised({
    'feed-end': feedEnd === 0 ? {} : String(feedEnd),
    feed: feed.map(({ kind, id }) => [kind, id]),
    dirty: [...dirty].sort(),
    counts: texts(Object.entries(counts)),
    'stopped-tasks': texts(partition.stoppedTasks),
    'inactive-instances': texts(partition.inactiveInstances),
    leases: texts(partition.leases),
    'lease-sweep': leaseSweep.tick === undefined ? {} : texts(Object.entries(leaseSweep)),
    'lease-holders': texts([...partition.leaseHolders].map(([id, { at, sessions }]) => [id, `${at} ${sessions}`])),
    revisions: texts(partition.revisions),
    ...under(
      'instance-tasks',
      [...partition.instanceTasks].map(([id, tasks]) => [id, texts(tasks)]),
    ),
    ...under(
      'token',
      [...tokens].map(([id, used]) => [id, [used.requestHash, used.requestId, ...used.taskIds]]),
    ),
    ...under(
      'refusals',
      [...refusals].map(([id, left]) => [id, left.refusals]),
    ),
    ...under(
      'ids',
      [...partition.records].map(([kind, records]) => [kind, [...records.keys()].sort()]),
    ),
    ...Object.assign({}, ...[...partition.records].map(([kind, records]) => under(kind, records))),
  });
}

const texts = (entries: Iterable<readonly [string, unknown]>): Record<string, string> =>
  Object.fromEntries([...entries].map(([name, value]) => [name, String(value)]));

const under = (kind: string, entries: Iterable<readonly [string, unknown]>): WholeState =>
  Object.fromEntries([...entries].map(([id, value]) => [`${kind}:${id}`, value]));

function normalised(state: WholeState): WholeState {
  const counts = Object.entries((state['counts'] ?? {}) as Record<string, string>).filter(([, count]) => count !== '0');
  const all = Object.entries({ ...state, counts: Object.fromEntries(counts) });
  return Object.fromEntries(
    all
      .filter(([, value]) => Object.keys(value as object | string).length > 0)
      .map(([key, value]): [string, unknown] => [key, withoutTimes(value)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The stores have clocks of their own: of a time of day only whether it has come tells anything. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, withoutTimes(member)]);
    return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return String(value).replace(/\b\d{13}\b/g, (time) => (Number(time) > Date.now() + 60_000 ? 'to come' : 'has come'));
}
