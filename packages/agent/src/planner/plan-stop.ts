import type { AgentPolicy } from '../domain/agent-policy.ts';
import type { ContainerRecord, TaskRecord } from '../domain/task-record.ts';
import { isOnHost, phaseOf } from './container-phase.ts';
import { dependentsOf } from './dependencies.ts';
import type { PlanContext } from './plan-context.ts';
import { taskScopedVolumes } from './runtime-names.ts';
import { volumeTarget, type Step } from './steps.ts';

/** SIGTERM and SIGKILL for what runs, dependents first; SIGKILL alone, ever more seldom, for what survives that. */
export function planStop(record: TaskRecord, { now, inFlight, policy }: PlanContext): { steps: Step[]; wakeAt?: number } {
  const isUp = (name: string): boolean => {
    const container = record.containers[name];
    return container !== undefined && (phaseOf(container) === 'running' || inFlight.get(name) === 'start');
  };
  const running = Object.values(record.containers).filter((each) => phaseOf(each) === 'running' && !inFlight.has(each.name));
  const free = running.filter(({ name }) => !record.spec || !dependentsOf(name, record.spec).some(isUp));
  // A circle of dependencies has no first one to stop.
  const stoppable = free.length === 0 && inFlight.size === 0 ? running : free;
  const later = stoppable.filter((each) => (each.stopAgainAt ?? 0) > now);
  return {
    steps: stoppable.filter((each) => !later.includes(each)).map((each) => stopStep(each, record, policy)),
    wakeAt: later.length === 0 ? undefined : Math.min(...later.map((each) => each.stopAgainAt ?? 0)),
  };
}

function stopStep({ name, runtimeId = '', failedStops }: ContainerRecord, { spec }: TaskRecord, policy: AgentPolicy): Step {
  if (failedStops > 0) return { name: 'kill', target: name, runtimeId };
  const timeoutSeconds = spec?.containers.find((each) => each.name === name)?.stopTimeout ?? policy.stopTimeoutSeconds;
  return { name: 'stop', target: name, runtimeId, timeoutSeconds };
}

/** Containers, then the volumes that were the task's alone. */
export function planDiscard(record: TaskRecord, { inFlight }: PlanContext): { steps: Step[]; finished?: boolean } {
  const left = Object.values(record.containers).filter(isOnHost);
  const steps = left
    .filter(({ name }) => !inFlight.has(name))
    .map(({ name, runtimeId = '' }): Step => ({ name: 'remove', target: name, runtimeId }));
  if (left.length > 0) return { steps };
  const volumes = record.spec ? taskScopedVolumes(record.spec, record.id) : [];
  const pending = volumes.filter((name) => !(record.removedVolumes ?? []).includes(name));
  if (pending.length === 0) return { steps: [], finished: true };
  return {
    steps: pending
      .filter((name) => !inFlight.has(volumeTarget(name)))
      .map((name): Step => ({ name: 'removeVolume', target: volumeTarget(name), volume: name })),
  };
}
