/**
 * Creates the tasks of RunTask or StartTask and waits until each is bound to a container instance or gone.
 *
 * Tasks, token and work hint are one command. The wait is on the change feed, never on the placement job: whoever places them,
 * here or in another controller, is seen. What has no place by `placeBy` is withdrawn in one command, and since a commit refuses
 * a withdrawn task, the answer stays true after it was given.
 */
import type { Failure } from '@aws-sdk/client-ecs';
import { clusterArn, containerInstanceArn, hasStopped, taskArn, type ArnScope } from '@mini-ecs/shared';
import type { Task } from '../../domain/task.ts';
import type { ClusterView } from '../../projection/projection.ts';
import { failureReason } from '../../scheduler/checks.ts';
import type { PlacementRefusal } from '../../scheduler/placement.ts';
import type { NewTask } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { failure } from '../failures.ts';
import type { Call } from '../operation.ts';
import { clusterNotFound } from '../references.ts';

export interface PlaceRequest {
  cluster: string;
  requestId: string;
  /** ms since the epoch */
  placeBy: number;
  tasks: NewTask[];
  /** What makes a repeated call the same call. */
  token?: { token: string; requestHash: string };
}

export interface PlacedTasks {
  tasks: Task[];
  view: ClusterView;
  failures: Failure[];
}

interface CreatedTasks {
  taskIds: string[];
  requestId: string;
  /** A view before this feed position knows nothing of the tasks yet. */
  position: number;
}

export async function createAndPlace(request: PlaceRequest, call: Call): Promise<PlacedTasks> {
  const { cluster } = request;
  const created = await create(request, call);
  const view = await waitForPlaces(cluster, created, request.placeBy, call);
  const tasks = created.taskIds.flatMap((id) => view.tasks.get(id) ?? []);
  // A task that was refused is gone; where all are there, nothing was.
  const refusals = tasks.length < created.taskIds.length ? await call.store.refusals(cluster, created.requestId) : [];
  return { view, tasks, failures: failuresOf(refusals, cluster, call.scope) };
}

async function create({ cluster, tasks, token, requestId }: PlaceRequest, call: Call): Promise<CreatedTasks> {
  const result = await call.store.createTasks({ cluster, tasks, ...(token ? { token: { ...token, requestId } } : {}) });
  if (result.ok) return { taskIds: result.taskIds, requestId: result.requestId ?? requestId, position: result.seq };
  switch (result.reason) {
    case 'REPEATED': {
      const { position } = await call.projections.current(cluster);
      return { taskIds: result.taskIds, requestId: result.requestId, position };
    }
    case 'TOKEN_CONFLICT':
      throw new ApiError('ConflictException', 'The provided clientToken is already in use with a different request.', {
        resourceIds: (result.taskIds ?? []).map((id) => taskArn(call.scope, cluster, id)),
      });
    case 'CLUSTER_NOT_ACTIVE':
      throw clusterNotFound();
  }
}

/** Bound, withdrawn, or stopped before it had a place. */
const isSettled = (task: Task | undefined): boolean =>
  task === undefined || task.instance !== undefined || hasStopped(task.observed.lastStatus);

async function waitForPlaces(cluster: string, created: CreatedTasks, placeBy: number, call: Call): Promise<ClusterView> {
  const waiting = (view: ClusterView): string[] => created.taskIds.filter((id) => !isSettled(view.tasks.get(id)));
  const settled = await call.projections.waitUntil(cluster, Math.max(0, placeBy - call.clock.now()), (view) =>
    view.position >= created.position && waiting(view).length === 0 ? view : undefined,
  );
  if (settled) return settled;
  const left = waiting(await call.projections.current(cluster));
  await call.store.commitPlacement({
    cluster,
    now: call.clock.now(),
    bind: [],
    withdraw: left.map((task) => ({ task, requestId: created.requestId, refusal: JSON.stringify(placementTimedOut(task)) })),
    serviceRefusals: [],
  });
  return call.projections.current(cluster);
}

/** Left under the request for a task that nobody placed or refused in time: no controller does the placing, or they are far behind. */
export const placementTimedOut = (task: string): PlacementRefusal => ({
  task,
  counts: [],
  instances: [],
  because: 'no decision on its placement was made in time. Try again.',
});

/** One failure a container instance that refused; the cluster's where no instance was asked. */
export function failuresOf(refusals: readonly string[], cluster: string, scope: ArnScope): Failure[] {
  const failures = new Map<string, Failure>();
  for (const json of refusals) {
    const { instances, because } = JSON.parse(json) as PlacementRefusal;
    if (instances.length === 0) {
      failures.set(cluster, failures.get(cluster) ?? failure(clusterArn(scope, cluster), 'UNPLACED', because));
    }
    for (const { instance, check } of instances) {
      if (!failures.has(instance))
        failures.set(instance, failure(containerInstanceArn(scope, cluster, instance), failureReason(check), because));
    }
  }
  return [...failures.values()];
}
