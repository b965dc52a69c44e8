/**
 * Every Redis key of mini-ecs. A partition's keys share the base `<prefix>:{<partition>}:`, whose hash tag keeps
 * them in one slot of Redis Cluster. The Lua commands get the same names, generated from here (`luaKeys`).
 */
import type { Partition, RecordKind } from './store.ts';

export const defaultKeyPrefix = 'mini-ecs';

/** One a partition. */
const single = {
  /** string: the last position of the change feed */
  feedEnd: 'feed-end',
  /** stream: `<position>-0` → kind, id */
  feed: 'feed',
  /** set: work hints not yet taken */
  dirty: 'dirty',
  /** hash: tasks not STOPPED, instances and services not INACTIVE */
  counts: 'counts',
  /** sorted set: STOPPED tasks by the ms at which they stopped */
  stoppedTasks: 'stopped-tasks',
  /** sorted set: INACTIVE instances by the ms at which they became so */
  inactiveInstances: 'inactive-instances',
  /** sorted set: connected instances by the ms (Redis TIME) at which their lease ends */
  leases: 'leases',
  /** hash: tick (ms of the last sweep), judgeFrom (ms before which nobody is judged) */
  leaseSweep: 'lease-sweep',
  /** hash: controllers that hold sessions → `<ms (Redis TIME) of their last refresh> <sessions>` */
  leaseHolders: 'lease-holders',
  /** hash, of the global partition only: id, epoch, schemaVersion */
  identity: 'identity',
  /** hash, of the global partition only: family → its last revision */
  revisions: 'revisions',
} as const;

/** Several a partition, by an id. */
const byId = {
  /** set, by record kind: the ids of its records */
  ids: 'ids',
  /** hash, by instance: task bound to it and not STOPPED → its service, or '' */
  instanceTasks: 'instance-tasks',
  /** list with a TTL, by client token: request hash, request id, task ids … */
  token: 'token',
  /** list with a TTL, by request: the refusals of its withdrawn tasks */
  refusals: 'refusals',
} as const;

const partitionBase = (prefix: string, partition: Partition): string => `${prefix}:{${partition}}:`;

export class PartitionKeys {
  /** What the commands get as KEYS[1]: not a key itself, but it routes to the partition's slot. */
  readonly base: string;

  constructor(prefix: string, partition: Partition) {
    this.base = partitionBase(prefix, partition);
  }

  record(kind: RecordKind, id: string): string {
    return `${this.base}${kind}:${id}`;
  }

  get feedEnd(): string {
    return this.base + single.feedEnd;
  }

  get feed(): string {
    return this.base + single.feed;
  }

  get dirty(): string {
    return this.base + single.dirty;
  }

  ids(kind: RecordKind): string {
    return `${this.base}${byId.ids}:${kind}`;
  }

  refusals(requestId: string): string {
    return `${this.base}${byId.refusals}:${requestId}`;
  }
}

/** The table `key` of the Lua commands: `key.feed`, `key.token(id)`, `key.record(kind, id)`. */
export function luaKeys(): string {
  const lines = [
    ...Object.entries(single).map(([name, suffix]) => `  ${name} = KEYS[1] .. '${suffix}',`),
    ...Object.entries(byId).map(([name, suffix]) => `  ${name} = function(id) return KEYS[1] .. '${suffix}:' .. id end,`),
    `  record = function(kind, id) return KEYS[1] .. kind .. ':' .. id end,`,
  ];
  return `local key = {\n${lines.join('\n')}\n}\n`;
}
