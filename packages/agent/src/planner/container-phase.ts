import type { ContainerRecord } from '../domain/task-record.ts';

/**
 * - `absent`: not created yet
 * - `created`: never started
 * - `running`
 * - `stopped`: exited, failed or removed behind our back. Final: a container of a task lives once.
 */
export type ContainerPhase = 'absent' | 'created' | 'running' | 'stopped';

export function phaseOf({ failure, gone, observed }: ContainerRecord): ContainerPhase {
  if (gone) return 'stopped';
  // A failed container may run nevertheless: its start was given up, and yet took effect.
  if (observed?.state === 'running') return 'running';
  if (failure !== undefined || observed?.state === 'exited') return 'stopped';
  return observed ? 'created' : 'absent';
}

export const wasStarted = ({ observed }: ContainerRecord): boolean => observed?.startedAt !== undefined;

/** Something of it is on the host. */
export const isOnHost = ({ runtimeId, gone }: ContainerRecord): boolean => runtimeId !== undefined && !gone;
