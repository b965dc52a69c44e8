/** RunTask and StartTask: see "RunTask, exactly" in the design. */
import type { Failure, RunTaskRequest, RunTaskResponse, StartTaskRequest, StartTaskResponse } from '@aws-sdk/client-ecs';
import { containerInstanceArn } from '@mini-ecs/shared';
import { hash } from 'node:crypto';
import type { ClusterView } from '../../projection/projection.ts';
import { encodeNewTask, encodeNewTasks } from '../../store/records.ts';
import { ApiError } from '../api-error.ts';
import { failure, missing } from '../failures.ts';
import { operation, type Call } from '../operation.ts';
import { activeClusterView, activeTaskDefinition, containerInstanceIdOf } from '../references.ts';
import { renderTask } from '../views/task-view.ts';
import {
  checkRunTaskInput,
  checkStartTaskInput,
  placementOf,
  taskSpecOf,
  taskTagsOf,
  type TaskRequest,
} from './run-task-input.ts';
import { createAndPlace, type PlaceRequest } from './run-task-placement.ts';

/** How long a task of RunTask may wait for a place. */
const placeWithinMs = 5_000;

async function requestOf(taskDefinition: string | undefined, view: ClusterView, call: Call): Promise<TaskRequest> {
  const definition = await activeTaskDefinition(call, taskDefinition ?? '');
  const createdAt = call.clock.now();
  return { definition, cluster: view.name, requestId: call.newUuid(), createdAt, placeBy: createdAt + placeWithinMs };
}

/** Objects with their members in one order, so that a client that repeats itself with another order is not another request. */
const inOrder = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

function tokenOf({ clientToken, ...request }: RunTaskRequest): PlaceRequest['token'] {
  if (clientToken === undefined) return undefined;
  const requestHash = hash('sha256', JSON.stringify(request, inOrder));
  return { token: clientToken, requestHash };
}

async function place(request: PlaceRequest, refused: Failure[], call: Call): Promise<RunTaskResponse> {
  const { tasks, view, failures } = await createAndPlace(request, call);
  return {
    tasks: tasks.map((task) =>
      renderTask(task, { instance: view.instances.get(task.instance ?? ''), includeTags: true }, call.scope),
    ),
    failures: [...refused, ...failures],
  };
}

function hasInstances({ instances }: ClusterView): boolean {
  for (const { status } of instances.values()) if (status !== 'INACTIVE') return true;
  return false;
}

async function runTask(input: RunTaskRequest, call: Call): Promise<RunTaskResponse> {
  checkRunTaskInput(input);
  const view = await activeClusterView(call, input.cluster);
  const request = await requestOf(input.taskDefinition, view, call);
  const spec = { ...taskSpecOf(input, request), ...placementOf(input, request.definition) };
  const tags = taskTagsOf(input, request);
  if (!hasInstances(view)) {
    throw new ApiError('InvalidParameterException', 'No Container Instances were found in your cluster.');
  }
  const tasks = encodeNewTasks(Array.from({ length: input.count ?? 1 }, () => ({ id: call.newId(), spec, tags })));
  const token = tokenOf(input);
  return place({ ...request, tasks, ...(token ? { token } : {}) }, [], call);
}

/** Why a task cannot be started on the instance that the call names. */
function refusalOf(id: string, view: ClusterView, call: Call): Failure[] {
  const arn = containerInstanceArn(call.scope, view.name, id);
  const instance = view.instances.get(id);
  if (!instance) return [missing(arn)];
  return instance.status === 'INACTIVE' ? [failure(arn, 'INACTIVE')] : [];
}

async function startTask(input: StartTaskRequest, call: Call): Promise<StartTaskResponse> {
  checkStartTaskInput(input);
  const view = await activeClusterView(call, input.cluster);
  const request = await requestOf(input.taskDefinition, view, call);
  const spec = taskSpecOf(input, request);
  const tags = taskTagsOf(input, request);
  const ids = (input.containerInstances ?? []).map((reference) => containerInstanceIdOf(reference, view.name));
  const refused = ids.flatMap((id) => refusalOf(id, view, call));
  const tasks = ids
    .filter((id) => refusalOf(id, view, call).length === 0)
    .map((containerInstance) => encodeNewTask({ id: call.newId(), spec: { ...spec, containerInstance }, tags }));
  if (tasks.length === 0) return { tasks: [], failures: refused };
  return place({ ...request, tasks }, refused, call);
}

export const runTaskOperations = [operation('RunTask', runTask), operation('StartTask', startTask)];
