/**
 * Which stopped tasks have been kept long enough for their logs: 3 hours, or fewer when their family has stopped more
 * often than five times since. Only tasks that the store knows to be STOPPED: until then they are evidence.
 */
import type { AgentPolicy } from '../domain/agent-policy.ts';
import { familyLabel } from '../domain/container-labels.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import { isOnHost } from './container-phase.ts';

export interface Removals {
  discard: string[];
  /** When the next one is due; undefined: none is kept. */
  wakeAt?: number;
}

export function planRemovals(records: Iterable<TaskRecord>, now: number, policy: AgentPolicy): Removals {
  const removable = [...records].filter((record) => record.acknowledged && record.stoppedAt !== undefined && !record.discarded);
  const seen = new Map<string, number>();
  const discard: string[] = [];
  let wakeAt = Infinity;
  for (const record of removable.sort((a, b) => stopTime(b) - stopTime(a))) {
    const family = familyOf(record);
    const newer = seen.get(family) ?? 0;
    const due = stopTime(record) + policy.keepStoppedMs;
    if (!hasContainers(record) || newer >= policy.keepStoppedTasks || due <= now) {
      discard.push(record.id);
    } else {
      seen.set(family, newer + 1);
      wakeAt = Math.min(wakeAt, due);
    }
  }
  return { discard, wakeAt: Number.isFinite(wakeAt) ? wakeAt : undefined };
}

/** After the exit, not after the agent heard of it: it may have been away. */
const stopTime = ({ containers, stoppedAt = 0 }: TaskRecord): number => {
  const ends = Object.values(containers).flatMap(({ observed }) => observed?.finishedAt ?? []);
  return ends.length > 0 ? Math.max(...ends) : stoppedAt;
};

const hasContainers = ({ containers }: TaskRecord): boolean => Object.values(containers).some(isOnHost);

function familyOf({ spec, containers }: TaskRecord): string {
  const labelled = Object.values(containers).flatMap(({ observed }) => observed?.labels[familyLabel] ?? []);
  return spec?.family ?? labelled[0] ?? '';
}
