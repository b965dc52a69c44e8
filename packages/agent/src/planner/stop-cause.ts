/**
 * Why a task goes down, in ECS's words. Decided once: what happens on the way down is no cause.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
import type { ContainerRecord, StopCause, TaskRecord } from '../domain/task-record.ts';
import { phaseOf } from './container-phase.ts';

export function stopCauseOf(record: TaskRecord, now: number): StopCause | undefined {
  if (record.stop) return record.stop;
  const essential = essentialContainers(record);
  if (essential.some(({ failure }) => failure !== undefined)) {
    return { code: 'TaskFailedToStart', reason: 'Task failed to start', at: now };
  }
  if (record.desiredStatus === 'STOPPED') return { at: now };
  return hasEnded(record, essential)
    ? { code: 'EssentialContainerExited', reason: 'Essential container in task exited', at: now }
    : undefined;
}

function essentialContainers({ spec, containers }: TaskRecord): ContainerRecord[] {
  return (spec?.containers ?? []).filter(({ essential }) => essential).flatMap(({ name }) => containers[name] ?? []);
}

/** Without the spec nobody can say which containers are essential: only when all have stopped, one of them was. */
function hasEnded({ spec, containers }: TaskRecord, essential: ContainerRecord[]): boolean {
  if (spec) return essential.some((each) => phaseOf(each) === 'stopped');
  const all = Object.values(containers);
  return all.length > 0 && all.every((each) => phaseOf(each) === 'stopped');
}
