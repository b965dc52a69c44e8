import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

const idBytes = 16;
/** Random bytes for the next ids: asked for one by one they cost ten times as much. */
const pool = Buffer.alloc(256 * idBytes);
let used = pool.length;

/** A task or container instance id as ECS renders it: 32 hex digits. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.toString('hex', used - idBytes, used);
}

/** A service deployment id as ECS renders it: `ecs-svc/` and 19 digits. */
export function newDeploymentId(): string {
  const digits = (randomBytes(8).readBigUInt64BE() % 9_000_000_000_000_000_000n) + 1_000_000_000_000_000_000n;
  return `ecs-svc/${digits}`;
}

/** Ids of requests, events and sessions. */
export const newUuid = (): string => randomUUID();
