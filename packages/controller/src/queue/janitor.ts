/**
 * Removes what has served its time. Every command checks again what it assumes, so any number of controllers may do it.
 *
 *  tasks STOPPED and instances INACTIVE for 1 h           removed
 *  tasks on an instance not seen for 24 h                 STOPPED without the agent's word
 *  tasks of RunTask that outlived `placeBy` unplaced      withdrawn: the API that should have done it died
 */
import type { Clock, Logger } from '@mini-ecs/shared';
import { stoppedObservation } from '../domain/stopped-task.ts';
import { abandonAfterMs, keepStoppedMs } from '../domain/retention.ts';
import type { Task } from '../domain/task.ts';
import type { ClusterView } from '../projection/projection.ts';
import type { PlacementRefusal } from '../scheduler/placement.ts';
import type { Store } from '../store/store.ts';

export interface JanitorContext {
  /** Queues the hints of each command by itself. */
  store: Store;
  clock: Clock;
  log: Logger;
}

/** The API itself withdraws at `placeBy`; only after this long is it taken for dead. */
const placeByGraceMs = 1_000;
const reapLimit = 500;

export async function reapStopped({ store, clock, log }: JanitorContext, cluster: string): Promise<void> {
  const before = clock.now() - keepStoppedMs;
  for (;;) {
    const { tasks, instances } = await store.reap({ cluster, before, limit: reapLimit });
    if (tasks.length + instances.length > 0) {
      log.debug({ cluster, tasks: tasks.length, instances: instances.length }, 'removed stopped tasks and instances');
    }
    if (tasks.length < reapLimit && instances.length < reapLimit) return;
  }
}

/** An agent that comes back after that finds its tasks STOPPED in the store, and stops their containers. */
export async function abandonLostTasks({ store, clock, log }: JanitorContext, view: ClusterView): Promise<void> {
  const now = clock.now();
  const lost = [...view.instances.values()].filter(
    ({ connected, disconnectedAt }) => !connected && disconnectedAt !== undefined && now - disconnectedAt > abandonAfterMs,
  );
  const abandoned = lost.map((instance) => ({
    cluster: view.name,
    instance: instance.id,
    now,
    awayForMs: abandonAfterMs,
    tasks: view
      .tasksOfInstance(instance.id)
      .filter(({ observed }) => observed.lastStatus !== 'STOPPED')
      .map((task) => ({ id: task.id, observed: JSON.stringify(stoppedObservation(task, now, notSeen(task))) })),
  }));
  for (const command of abandoned.filter(({ tasks }) => tasks.length > 0)) {
    const result = await store.abandonTasks(command);
    // It came back meanwhile, or only this controller's clock says that it was away for so long.
    if (!result.ok) continue;
    log.warn(
      { cluster: command.cluster, containerInstance: command.instance, tasks: command.tasks.length },
      'tasks of a container instance not seen for 24 hours are STOPPED',
    );
  }
}

const notSeen = ({ desire }: Task) =>
  desire.stoppedReason === undefined ? { stoppedReason: 'The container instance has not been seen for 24 hours.' } : {};

export async function withdrawOverdue({ store, clock }: JanitorContext, view: ClusterView): Promise<void> {
  const now = clock.now();
  const withdraw = view.unplacedTasks().flatMap(({ id, spec: { request } }) => {
    if (!request || now <= request.placeBy + placeByGraceMs) return [];
    return [{ task: id, requestId: request.id, refusal: JSON.stringify(overdue(id)) }];
  });
  if (withdraw.length > 0) await store.commitPlacement({ cluster: view.name, now, bind: [], withdraw, serviceRefusals: [] });
}

const overdue = (task: string): PlacementRefusal => ({
  task,
  counts: [],
  instances: [],
  because: 'no placement was decided within the time that the request may wait.',
});
