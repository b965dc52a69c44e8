/** What a step's beginning and its outcome mean for what is known of the task. */
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { ContainerRecord, TaskRecord } from '../domain/task-record.ts';
import type { Step } from './steps.ts';

interface Findings {
  runtimeId?: string;
  observed?: ObservedContainer;
  imageDigest?: string;
}

export type StepOutcome =
  | ({ result: 'done' } & Findings)
  /** For good; the reason is the engine's. */
  | { result: 'failed'; reason: string }
  /** Given up half-way because the task goes down. */
  | { result: 'cancelled' };

const firstStopRetryMs = 1_000;
const lastStopRetryMs = 60_000;

export function noteStepStart(record: TaskRecord, step: Step, now: number): TaskRecord {
  return step.name === 'pull' ? { ...record, pullStartedAt: record.pullStartedAt ?? now } : record;
}

export function applyOutcome(record: TaskRecord, step: Step, outcome: StepOutcome, now: number): TaskRecord {
  if (outcome.result === 'cancelled') return record;
  const reason = outcome.result === 'failed' ? outcome.reason : undefined;
  const done: Findings = outcome.result === 'done' ? outcome : {};
  const patch = (change: Partial<ContainerRecord>): TaskRecord => withContainer(record, step.target, change);
  switch (step.name) {
    case 'pull': {
      const change =
        reason === undefined ? { pulled: true, imageDigest: done.imageDigest } : failure('CannotPullContainerError', reason);
      return { ...patch(change), pullStoppedAt: now };
    }
    case 'createVolume':
      return withVolume(record, step.request.volume.name, reason);
    case 'create':
      if (reason !== undefined) return patch(failure('CannotCreateContainerError', reason));
      return withObservation(patch({ runtimeId: done.runtimeId }), step.target, done.observed);
    case 'start':
      if (reason !== undefined) return patch(failure('CannotStartContainerError', reason));
      return withObservation(record, step.target, done.observed);
    case 'stop':
    case 'kill': {
      // A stop that failed observed nothing: the container is not gone for that.
      const seen = reason === undefined ? withObservation(record, step.target, done.observed) : record;
      return afterStop(seen, step.target, reason, now);
    }
    case 'remove':
      // One that the engine will not remove is left behind; the next start of the agent meets it again.
      return patch({ gone: true });
    case 'removeVolume':
      return { ...record, removedVolumes: [...(record.removedVolumes ?? []), step.volume] };
    default:
      return step satisfies never;
  }
}

/** What the engine shows now; undefined: the container is gone. A container only moves forward, a late answer moves nothing back. */
export function withObservation(record: TaskRecord, name: string, observed: ObservedContainer | undefined): TaskRecord {
  const known = record.containers[name];
  if (!known) return record;
  if (!observed) return known.runtimeId === undefined ? record : withContainer(record, name, { gone: true });
  const isLate = known.observed !== undefined && stateRank[observed.state] < stateRank[known.observed.state];
  return isLate ? record : withContainer(record, name, { pulled: true, runtimeId: observed.id, observed });
}

const stateRank = { created: 0, running: 1, exited: 2 } as const;

function withContainer(record: TaskRecord, name: string, change: Partial<ContainerRecord>): TaskRecord {
  const known = record.containers[name] ?? newContainer(name);
  return { ...record, containers: { ...record.containers, [name]: { ...known, ...change } } };
}

export const newContainer = (name: string): ContainerRecord => ({ name, pulled: false, failedStops: 0 });

const failure = (kind: string, reason: string): Partial<ContainerRecord> => ({ failure: `${kind}: ${reason}` });

function withVolume(before: TaskRecord, volume: string, reason: string | undefined): TaskRecord {
  const record: TaskRecord = { ...before, volumes: [...before.volumes, volume] };
  if (reason === undefined) return record;
  const users =
    record.spec?.containers.filter(({ mountPoints }) => mountPoints.some(({ sourceVolume }) => sourceVolume === volume)) ?? [];
  return users.reduce((all, { name }) => withContainer(all, name, failure('CannotCreateVolumeError', reason)), record);
}

/** Still running after SIGKILL: try again, ever more seldom. */
function afterStop(record: TaskRecord, name: string, reason: string | undefined, now: number): TaskRecord {
  const container = record.containers[name];
  if (!container || container.gone || (reason === undefined && container.observed?.state !== 'running')) return record;
  const delay = Math.min(firstStopRetryMs * 2 ** container.failedStops, lastStopRetryMs);
  return withContainer(record, name, { failedStops: container.failedStops + 1, stopAgainAt: now + delay });
}
