import { randomBytes, randomUUID } from 'node:crypto';

/** A task or container instance id as ECS renders it: 32 hex digits. */
export const newId = (): string => randomBytes(16).toString('hex');

/** A service deployment id as ECS renders it: `ecs-svc/` and 19 digits. */
export function newDeploymentId(): string {
  const digits = (randomBytes(8).readBigUInt64BE() % 9_000_000_000_000_000_000n) + 1_000_000_000_000_000_000n;
  return `ecs-svc/${digits}`;
}

/** Ids of requests, events and sessions. */
export const newUuid = (): string => randomUUID();
