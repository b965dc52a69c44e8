/** Looks at one service: load → decide (reconcileService) → commit. Run twice, late or out of order, it changes nothing more. */
import type { Clock, Logger } from '@mini-ecs/shared';
import { attributesOf, type ContainerInstance } from '../domain/container-instance.ts';
import { stoppedObservation } from '../domain/stopped-task.ts';
import type { Task, TaskDesire } from '../domain/task.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { ClusterView, GlobalView, Projections } from '../projection/projection.ts';
import { reconcileService } from '../reconciler/reconcile-service.ts';
import type { ServiceChanges, ServiceSituation } from '../reconciler/service-situation.ts';
import { encodeNewTasks } from '../store/records.ts';
import { serviceHint, type CommitService, type StopTask, type Store } from '../store/store.ts';
import type { WorkSink } from './work.ts';

export interface ServiceWorkerContext {
  /** Queues the hints of each command by itself. */
  store: Store;
  projections: Projections;
  sink: WorkSink;
  clock: Clock;
  log: Logger;
  newTaskId: () => string;
  newEventId: () => string;
}

export async function lookAtService(context: ServiceWorkerContext, cluster: string, name: string): Promise<void> {
  const { store, projections, sink, clock } = context;
  await store.clearHint(cluster, serviceHint(name));
  const view = await projections.current(cluster);
  if (lacksTaskDefinition(view, projections.peekGlobal(), name)) {
    await projections.currentGlobal();
  }
  const now = clock.now();
  const situation = situationOf(context, view, name, now);
  if (!situation) return;
  const changes = reconcileService(situation);
  const work = { kind: 'service', cluster, service: name } as const;
  if (changesAnything(situation, changes)) {
    const result = await store.commitService({ ...commitOf(situation, changes), now });
    if (!result.ok && result.reason === 'STALE') {
      context.log.debug({ cluster, service: name }, 'the service changed meanwhile, looking again');
      sink.add([work]);
      return;
    }
  }
  if (changes.lookAgainAt === undefined) return;
  if (changes.lookAgainAt <= now) sink.add([work]);
  else sink.lookAgainAt(work, changes.lookAgainAt);
}

/** Whether a look at the service would commit something; for the slow pass. */
export function needsALook(context: ServiceWorkerContext, view: ClusterView, name: string): boolean {
  const situation = situationOf(context, view, name, context.clock.now());
  return situation !== undefined && changesAnything(situation, reconcileService(situation));
}

/** Undefined when there is nothing to decide: no such service, or it is INACTIVE for good. */
function situationOf(context: ServiceWorkerContext, view: ClusterView, name: string, now: number): ServiceSituation | undefined {
  const service = view.services.get(name);
  if (!service || service.status === 'INACTIVE') return undefined;
  const tasks = view.tasksOfService(name);
  return {
    service,
    tasks,
    instances: instancesOf(view, tasks),
    taskDefinitions: taskDefinitionsOf(context.projections.peekGlobal(), view, name),
    now,
    newTaskId: context.newTaskId,
    newEventId: context.newEventId,
  };
}

function instancesOf(view: ClusterView, tasks: readonly Task[]): ServiceSituation['instances'] {
  const instances = new Map<string, { connected: boolean; status: ContainerInstance['status']; zone: string }>();
  for (const { instance: id } of tasks) {
    const instance = id === undefined || instances.has(id) ? undefined : view.instances.get(id);
    if (!instance) continue;
    const zone = attributesOf(instance)['ecs.availability-zone'] ?? '';
    instances.set(instance.id, { connected: instance.connected, status: instance.status, zone });
  }
  return instances;
}

function taskDefinitionIds(view: ClusterView, name: string): Set<string> {
  const service = view.services.get(name);
  const ofTasks = view.tasksOfService(name).map(({ spec }) => spec.taskDefinition);
  return new Set(service ? [service.spec.taskDefinition, ...ofTasks] : ofTasks);
}

function taskDefinitionsOf(global: GlobalView, view: ClusterView, name: string): Map<string, TaskDefinition> {
  const found = new Map<string, TaskDefinition>();
  for (const id of taskDefinitionIds(view, name)) {
    const definition = global.taskDefinitions.get(id);
    if (definition) found.set(id, definition);
  }
  return found;
}

/** A definition never changes in what matters here, so one that is known is new enough. */
const lacksTaskDefinition = (view: ClusterView, global: GlobalView, name: string): boolean => {
  const service = view.services.get(name);
  return service !== undefined && !global.taskDefinitions.has(service.spec.taskDefinition);
};

const changesAnything = ({ service }: ServiceSituation, { state, status, create, stop }: ServiceChanges): boolean =>
  state !== service.state || (status !== undefined && status !== service.status) || create.length > 0 || stop.length > 0;

function commitOf({ service, now }: ServiceSituation, changes: ServiceChanges): CommitService {
  const { specVersion, tasksVersion, stateVersion } = service;
  const unplaced = changes.stop.flatMap(({ task }) => (task.instance === undefined ? [task.id] : []));
  return {
    cluster: service.cluster,
    service: service.name,
    expect: { specVersion, tasksVersion, stateVersion, unplaced },
    state: JSON.stringify(changes.state),
    ...(changes.status === undefined ? {} : { status: changes.status }),
    create: encodeNewTasks(changes.create),
    stop: changes.stop.map(({ task, desire }) => stopOf(task, desire, now)),
  };
}

const stopOf = (task: Task, desire: TaskDesire, now: number): StopTask => ({
  id: task.id,
  desired: JSON.stringify(desire),
  observedIfUnplaced: JSON.stringify(stoppedObservation(task, now)),
});
