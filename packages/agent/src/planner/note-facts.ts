import type { AssignedTask } from '@mini-ecs/shared';
import type { ContainerRecord, TaskRecord } from '../domain/task-record.ts';
import { phaseOf, wasStarted } from './container-phase.ts';
import { resolveDependencies } from './dependencies.ts';
import type { PlanContext } from './plan-context.ts';
import { stopCauseOf } from './stop-cause.ts';

/** The record with what follows from its observations. Facts are only added, never taken back. */
export function noteFacts(before: TaskRecord, { now, inFlight }: Pick<PlanContext, 'now' | 'inFlight'>): TaskRecord {
  const record = { ...before, containers: withFailures(before, now) };
  record.startedAt ??= startTime(record);
  record.stop = stopCauseOf(record, now);
  record.executionStoppedAt ??= executionStopTime(record);
  if (record.stop && record.stoppedAt === undefined && isDown(record, inFlight)) record.stoppedAt = now;
  return record;
}

function withFailures({ spec, containers, stop }: TaskRecord, now: number): TaskRecord['containers'] {
  const noted = { ...containers };
  for (const record of Object.values(containers)) {
    const failure = failedStart(record);
    if (failure !== undefined) noted[record.name] = { ...record, failure };
  }
  // One that can never start may be what another one waits for.
  let changed = stop === undefined;
  while (changed) changed = failOneThatCannotStart(noted, spec, now);
  return noted;
}

function failOneThatCannotStart(containers: TaskRecord['containers'], spec: AssignedTask | undefined, now: number): boolean {
  for (const container of spec?.containers ?? []) {
    const record = containers[container.name];
    if (!record || (phaseOf(record) !== 'absent' && phaseOf(record) !== 'created')) continue;
    const resolution = spec && resolveDependencies(container, spec, containers, now);
    if (resolution?.state !== 'impossible') continue;
    containers[container.name] = { ...record, failure: `CannotStartContainerError: ${resolution.reason}` };
    return true;
  }
  return false;
}

/** A start that failed while nobody was listening: the engine remembers why. */
function failedStart({ failure, observed }: ContainerRecord): string | undefined {
  if (failure !== undefined || observed?.state !== 'created' || observed.error === '') return undefined;
  return `CannotStartContainerError: Error response from daemon: ${observed.error}`;
}

/** RUNNING once every container has been started, or failed without being essential. */
function startTime({ spec, containers }: TaskRecord): number | undefined {
  const records = spec ? spec.containers.map(({ name }) => containers[name]) : Object.values(containers);
  const began = records.every((record) => record && (wasStarted(record) || phaseOf(record) === 'stopped'));
  const times = records.flatMap((record) => record?.observed?.startedAt ?? []);
  return began && times.length > 0 ? Math.max(...times) : undefined;
}

/** When the first essential container ended that had been started. */
function executionStopTime({ spec, containers }: TaskRecord): number | undefined {
  const isEssential = (name: string): boolean => spec?.containers.find((each) => each.name === name)?.essential ?? true;
  const ends = Object.values(containers)
    .filter((record) => wasStarted(record) && isEssential(record.name))
    .flatMap((record) => record.observed?.finishedAt ?? []);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** Nothing runs, and nothing is on its way to. A pull is no way to run: its container will not be created any more. */
function isDown({ containers }: TaskRecord, inFlight: PlanContext['inFlight']): boolean {
  return Object.values(containers).every((record) => {
    const step = inFlight.get(record.name);
    return phaseOf(record) !== 'running' && (step === undefined || step === 'pull');
  });
}
