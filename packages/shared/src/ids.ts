import { randomBytes, randomUUID } from 'node:crypto';

const idBytes = 16;
/** Random bytes are cheap by the kilobyte. */
let pool = Buffer.alloc(0);

/** A task or container instance id as ECS renders it: 32 hex digits. */
export function newId(): string {
  if (pool.length < idBytes) pool = randomBytes(256 * idBytes);
  const id = pool.toString('hex', 0, idBytes);
  pool = pool.subarray(idBytes);
  return id;
}

/** A service deployment id as ECS renders it: `ecs-svc/` and 19 digits. */
export function newDeploymentId(): string {
  const digits = (randomBytes(8).readBigUInt64BE() % 9_000_000_000_000_000_000n) + 1_000_000_000_000_000_000n;
  return `ecs-svc/${digits}`;
}

/** Ids of requests, events and sessions. */
export const newUuid = (): string => randomUUID();
