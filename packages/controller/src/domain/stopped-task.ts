/** What is written of a task that is STOPPED without an agent's word: it was never placed, or its instance is gone. */
import type { StopCode, Task, TaskObservation } from './task.ts';

/** `cause` only where the task's own desire names none. `now` in ms since the epoch. */
export function stoppedObservation(
  task: Pick<Task, 'observed'>,
  now: number,
  cause: { stopCode?: StopCode; stoppedReason?: string } = {},
): TaskObservation {
  const { observed } = task;
  return {
    ...observed,
    ...cause,
    lastStatus: 'STOPPED',
    containers: observed.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' })),
    stoppingAt: observed.stoppingAt ?? now,
    executionStoppedAt: observed.executionStoppedAt ?? now,
    stoppedAt: now,
  };
}
