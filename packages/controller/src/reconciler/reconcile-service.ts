/**
 * The reconciler: makes a REPLICA service's tasks match what is desired. Pure: the situation in, changes out; run
 * again on its own result it changes nothing.
 *
 *  1. classify: current, outdated, stopping, lost, stopped        classify-tasks.ts
 *  2. how many may start and stop within the limits               rollout.ts
 *  3. which stop so that the spread stays best                    scale-in.ts
 *  4. which starts must wait (crash loops)                        restart-backoff.ts
 *  5. deployments and events that tell it                         next-state.ts, deployments.ts, service-events.ts
 */
import type { Service } from '../domain/service.ts';
import type { Task, TaskDesire } from '../domain/task.ts';
import { classifyTasks, isReady, isUnhealthy, type ClassifiedTasks } from './classify-tasks.ts';
import { nextState } from './next-state.ts';
import { newServiceTaskSpec, serviceTaskTags } from './new-service-task.ts';
import { openReplacements, type Replacement } from './restart-backoff.ts';
import { planRollout, type RolloutSteps } from './rollout.ts';
import { chooseTasksToStop } from './scale-in.ts';
import { stoppedMessages, withEvents } from './service-events.ts';
import type { ServiceChanges, ServiceSituation } from './service-situation.ts';

/** One commit stays small; what is left starts with the next look, at once. */
const mostStartsAtOnce = 500;

export function reconcileService(situation: ServiceSituation): ServiceChanges {
  switch (situation.service.status) {
    case 'INACTIVE':
      return { state: situation.service.state, create: [], stop: [] };
    case 'DRAINING':
      return drainService(situation);
    case 'ACTIVE':
      return rollService(situation);
  }
}

/** A deleted service stops all its tasks; it is INACTIVE when none is left but those on lost instances, which stop when they return. */
function drainService(situation: ServiceSituation): ServiceChanges {
  const { service, tasks, now, newEventId } = situation;
  const classes = classifyTasks(situation);
  const stop = tasks
    .filter((task) => task.observed.lastStatus !== 'STOPPED' && task.desire.desiredStatus === 'RUNNING')
    .map((task) => ({ task, desire: scalingStop(service, now) }));
  const isDone = classes.current.length + classes.outdated.length + classes.stopping.length === 0;
  const counted = [...classes.current, ...classes.outdated].filter(({ instance }) => instance !== undefined);
  const messages = stoppedMessages(service.name, counted);
  const state = {
    ...service.state,
    deployments: [],
    events: withEvents(service.state.events, messages, now, newEventId),
  };
  const changed = messages.length > 0 || service.state.deployments.length > 0;
  return { state: changed ? state : service.state, ...(isDone ? { status: 'INACTIVE' } : {}), create: [], stop };
}

function rollService(situation: ServiceSituation): ServiceChanges {
  const classes = classifyTasks(situation);
  const steps = planRollout(countsOf(situation, classes));
  const stop = tasksToStop(situation, classes, steps);
  const starts = tasksToStart(situation, steps);
  const isStarting = starts.create.length + starts.waiting.length > 0;
  const isSteady = !isStarting && isSteadyWithout(situation, classes, new Set(stop.map(({ task }) => task)));
  const state = nextState(situation, { classes, stop, waiting: starts.waiting, isSteady, isBlocked: steps.isBlocked });
  const { create, lookAgainAt } = starts;
  return { state, create, stop, ...(lookAgainAt === undefined ? {} : { lookAgainAt }) };
}

function countsOf({ service, taskDefinitions }: ServiceSituation, { current, outdated, stopping }: ClassifiedTasks) {
  const ready = (task: Task): boolean => isReady(task, taskDefinitions);
  const outdatedReady = outdated.filter(ready).length;
  return {
    desired: service.spec.desiredCount,
    minimumHealthyPercent: service.spec.minimumHealthyPercent,
    maximumPercent: service.spec.maximumPercent,
    current: current.length,
    currentReady: current.filter(ready).length,
    currentWithoutPlace: service.refusal === undefined ? 0 : current.filter(({ instance }) => instance === undefined).length,
    outdatedReady,
    outdatedNotReady: outdated.filter((task) => task.instance !== undefined && !ready(task)).length,
    stopping: stopping.length,
  };
}

function tasksToStop(situation: ServiceSituation, classes: ClassifiedTasks, steps: RolloutSteps): ServiceChanges['stop'] {
  const { service, instances, taskDefinitions, now } = situation;
  const zoneOf = (instance: string): string => instances.get(instance)?.zone ?? '';
  const isReadyTask = (task: Task): boolean => isReady(task, taskDefinitions);
  const ready = classes.outdated.filter(isReadyTask);
  const olderOnLostHosts = classes.lost.filter(
    ({ spec, desire }) => spec.service?.deploymentId !== service.spec.deploymentId && desire.desiredStatus === 'RUNNING',
  );
  const chosen = [
    ...classes.outdated.filter((task) => !isReadyTask(task)),
    ...chooseTasksToStop(ready, steps.stopOutdatedReady, zoneOf, classes.current),
    ...chooseTasksToStop(classes.current, steps.stopSurplus, zoneOf),
    ...olderOnLostHosts,
  ];
  return chosen.map((task) => ({ task, desire: isUnhealthy(task) ? unhealthyStop(now) : scalingStop(service, now) }));
}

const scalingStop = (service: Service, now: number): TaskDesire => ({
  desiredStatus: 'STOPPED',
  stopCode: 'ServiceSchedulerInitiated',
  stoppedReason: `Scaling activity initiated by (deployment ${service.spec.deploymentId})`,
  stoppingAt: now,
});

const unhealthyStop = (now: number): TaskDesire => ({
  desiredStatus: 'STOPPED',
  stopCode: 'ServiceSchedulerInitiated',
  stoppedReason: 'Task failed container health checks',
  stoppingAt: now,
});

interface Starts {
  create: ServiceChanges['create'];
  /** Places whose replacement is not due yet. */
  waiting: Replacement[];
  lookAgainAt?: number;
}

/** `missing` places are those that stopped tasks left open, each when it is due, and beyond them new ones, at once. */
function tasksToStart(situation: ServiceSituation, steps: RolloutSteps): Starts {
  const { service, tasks, taskDefinitions, now, newTaskId } = situation;
  const definition = taskDefinitions.get(service.spec.taskDefinition);
  if (steps.start === 0 || !definition) return { create: [], waiting: [] };
  const ofDeployment = tasks.filter(({ spec }) => spec.service?.deploymentId === service.spec.deploymentId);
  const open = openReplacements(ofDeployment, now).slice(0, steps.start);
  const waiting = open.filter(({ dueAt }) => dueAt > now);
  const due: (Replacement | undefined)[] = open.filter(({ dueAt }) => dueAt <= now);
  const fresh = steps.start - open.length;
  const places = [...due, ...Array.from({ length: fresh }, () => undefined)];
  const create = places.slice(0, mostStartsAtOnce).map((replacement) => ({
    id: newTaskId(),
    spec: newServiceTaskSpec(
      service,
      definition,
      now,
      replacement && { taskId: replacement.stopped.id, earlyStops: replacement.earlyStops },
    ),
    tags: serviceTaskTags(service, definition),
  }));
  const next = places.length > create.length ? [now] : waiting.map(({ dueAt }) => dueAt);
  return { create, waiting, ...(next.length === 0 ? {} : { lookAgainAt: next.reduce((a, b) => Math.min(a, b)) }) };
}

/** Whether just the desired tasks are wanted, all ready, once `stopped` are: so the next look at it tells nothing new. */
function isSteadyWithout(
  { service, taskDefinitions }: ServiceSituation,
  { current, outdated }: ClassifiedTasks,
  stopped: ReadonlySet<Task>,
): boolean {
  const staying = current.filter((task) => !stopped.has(task));
  return (
    outdated.every((task) => stopped.has(task)) &&
    staying.length === service.spec.desiredCount &&
    staying.every((task) => isReady(task, taskDefinitions))
  );
}
