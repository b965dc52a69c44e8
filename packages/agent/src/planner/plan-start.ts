import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';
import { taskLabels } from '../domain/container-labels.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import { phaseOf } from './container-phase.ts';
import { resolveDependencies } from './dependencies.ts';
import type { PlanContext } from './plan-context.ts';
import { containerRuntimeNames, volumeRuntimeNames } from './runtime-names.ts';
import { volumeTarget, type Step } from './steps.ts';

interface NextSteps {
  steps: Step[];
  wakeAt?: number;
}

/** Without the spec there is nothing to start: what runs goes on running. */
export function planStart(record: TaskRecord, context: PlanContext): NextSteps {
  const { spec } = record;
  if (!spec) return { steps: [] };
  const steps = volumeSteps(record, spec, context);
  let wakeAt = Infinity;
  for (const container of spec.containers) {
    if (context.inFlight.has(container.name)) continue;
    const next = nextStep(record, spec, container, context);
    if (typeof next === 'number') wakeAt = Math.min(wakeAt, next);
    else if (next) steps.push(next);
  }
  return { steps, wakeAt: Number.isFinite(wakeAt) ? wakeAt : undefined };
}

/** The container's next step, when to look again, or nothing. */
function nextStep(
  record: TaskRecord,
  spec: AssignedTask,
  container: AssignedContainer,
  context: PlanContext,
): Step | number | undefined {
  const known = record.containers[container.name];
  const phase = known ? phaseOf(known) : 'absent';
  const target = container.name;
  if (phase === 'running' || phase === 'stopped') return undefined;
  if (phase === 'absent' && !known?.pulled) return { name: 'pull', target, image: container.image };
  const dependencies = resolveDependencies(container, spec, record.containers, context.now);
  if (dependencies.state === 'waiting') return dependencies.until;
  if (dependencies.state === 'impossible') return undefined;
  if (phase === 'created') return { name: 'start', target, runtimeId: known?.runtimeId ?? '' };
  return hasVolumes(record, spec, container)
    ? { name: 'create', target, request: createRequest(record, spec, container, context) }
    : undefined;
}

function createRequest(record: TaskRecord, spec: AssignedTask, container: AssignedContainer, { owner }: PlanContext) {
  const names = containerRuntimeNames(spec, record.id);
  return {
    name: names[container.name] ?? container.name,
    labels: taskLabels(spec, owner, container.name),
    task: spec,
    container,
    names,
    volumes: volumeRuntimeNames(spec, record.id),
  };
}

/** Only volumes with settings of their own are made beforehand; the engine makes any other with the container. */
function volumeSteps(record: TaskRecord, spec: AssignedTask, { inFlight, owner }: PlanContext): Step[] {
  const names = volumeRuntimeNames(spec, record.id);
  return spec.volumes
    .filter((volume) => volume.docker && !record.volumes.includes(volume.name) && !inFlight.has(volumeTarget(volume.name)))
    .map((volume) => ({
      name: 'createVolume',
      target: volumeTarget(volume.name),
      request: { name: names[volume.name] ?? volume.name, volume, labels: taskLabels(spec, owner) },
    }));
}

const hasVolumes = (record: TaskRecord, spec: AssignedTask, container: AssignedContainer): boolean =>
  container.mountPoints.every(({ sourceVolume }) => {
    const volume = spec.volumes.find((each) => each.name === sourceVolume);
    return !volume?.docker || record.volumes.includes(volume.name);
  });
