/** Container instances: List, Describe, Deregister, UpdateContainerInstancesState. */
import type {
  ContainerInstance as EcsContainerInstance,
  DeregisterContainerInstanceRequest,
  DeregisterContainerInstanceResponse,
  DescribeContainerInstancesRequest,
  DescribeContainerInstancesResponse,
  Failure,
  ListContainerInstancesRequest,
  ListContainerInstancesResponse,
  UpdateContainerInstancesStateRequest,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { containerInstanceArn, hasStopped } from '@mini-ecs/shared';
import { attributesOf, type ContainerInstance } from '../../domain/container-instance.ts';
import { stoppedObservation } from '../../domain/stopped-task.ts';
import type { Task } from '../../domain/task.ts';
import type { ClusterView } from '../../projection/projection.ts';
import { evaluate, type InstanceFacts } from '../../scheduler/query-language.ts';
import { placementHint, serviceHint } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { failure, missing } from '../failures.ts';
import { limits, list, oneOf, text } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { queryOf } from '../placement-input.ts';
import { activeClusterView, containerInstanceIdOf } from '../references.ts';
import { renderContainerInstance } from '../views/container-instance-view.ts';

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** How often a write is tried again when the instance's tasks changed in between. */
const mostAttempts = 5;

const checkList = limits<ListContainerInstancesRequest>({
  filter: text({ most: 2000 }),
  status: oneOf(['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED']),
});
const checkDescribe = limits<DescribeContainerInstancesRequest>({
  containerInstances: list({ most: 100 }),
  include: list({ each: oneOf(['TAGS', 'CONTAINER_INSTANCE_HEALTH']) }),
});
const checkUpdateState = limits<UpdateContainerInstancesStateRequest>({
  containerInstances: list({ most: 10 }),
  status: oneOf(['ACTIVE', 'DRAINING']),
});

const leftTasks = (view: ClusterView, id: string): Task[] =>
  view.tasksOfInstance(id).filter(({ observed }) => !hasStopped(observed.lastStatus));

const factsOf = (instance: ContainerInstance, view: ClusterView): InstanceFacts => ({
  ...view.loadOf(instance.id),
  attributes: attributesOf(instance),
  connected: instance.connected,
  agentVersion: instance.registration.agentVersion,
  ec2InstanceId: instance.registration.hostname,
  registeredAt: instance.registration.registeredAt,
});

async function listContainerInstances(input: ListContainerInstancesRequest, call: Call): Promise<ListContainerInstancesResponse> {
  checkList(input);
  const query = input.filter ? queryOf(input.filter) : undefined;
  const view = await activeClusterView(call, input.cluster);
  const isWanted = (instance: ContainerInstance): boolean =>
    (input.status === undefined ? instance.status !== 'INACTIVE' : instance.status === input.status) &&
    (query === undefined || evaluate(query, factsOf(instance, view)));
  const wanted = [...view.instances.values()].filter(isWanted);
  const page = pageOf('ListContainerInstances', input, wanted, { keyOf: ({ id }) => id });
  return {
    containerInstanceArns: page.items.map(({ id }) => containerInstanceArn(call.scope, view.name, id)),
    nextToken: page.nextToken,
  };
}

function render(id: string, view: ClusterView, call: Call, include: readonly string[] = []): EcsContainerInstance | undefined {
  const instance = view.instances.get(id);
  if (!instance) return undefined;
  const lookups = {
    tasks: view.tasksOfInstance(id),
    includeTags: include.includes('TAGS'),
    includeHealth: include.includes('CONTAINER_INSTANCE_HEALTH'),
  };
  return renderContainerInstance(instance, lookups, call.scope);
}

async function describeContainerInstances(
  input: DescribeContainerInstancesRequest,
  call: Call,
): Promise<DescribeContainerInstancesResponse> {
  checkDescribe(input);
  const references = input.containerInstances ?? [];
  if (references.length === 0) throw invalid('Container instances cannot be empty.');
  const view = await activeClusterView(call, input.cluster);
  const response: Required<DescribeContainerInstancesResponse> = { containerInstances: [], failures: [] };
  for (const id of references.map((reference) => containerInstanceIdOf(reference, view.name))) {
    const rendered = render(id, view, call, input.include);
    if (rendered) response.containerInstances.push(rendered);
    else response.failures.push(missing(containerInstanceArn(call.scope, view.name, id)));
  }
  return response;
}

/** One whose tasks are running is let go only by force: then they are STOPPED for ECS, and their containers run on unwatched. */
async function deregisterContainerInstance(
  input: DeregisterContainerInstanceRequest,
  call: Call,
): Promise<DeregisterContainerInstanceResponse> {
  const view = await activeClusterView(call, input.cluster);
  const id = containerInstanceIdOf(input.containerInstance ?? '', view.name);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (await abandon(id, input.force ?? false, call, view.name)) {
      return { containerInstance: render(id, await call.projections.current(view.name), call, ['TAGS']) };
    }
  }
  throw new ApiError('ServerException', `Tasks were placed on container instance ${id} while it was deregistered. Try again.`);
}

/** False: a task was bound to it since the view; look again. */
async function abandon(id: string, force: boolean, call: Call, cluster: string): Promise<boolean> {
  const view = await call.projections.current(cluster);
  const notFound = invalid(`Referenced container instance ${id} not found.`);
  const instance = view.instances.get(id);
  if (!instance) throw notFound;
  if (instance.status === 'INACTIVE') return true;
  const left = leftTasks(view, id);
  if (left.length > 0 && !force) throw invalid('Found running tasks on the instance.');
  const now = call.clock.now();
  const cause = { stopCode: 'UserInitiated', stoppedReason: 'Container instance deregistration forced by user' } as const;
  const result = await call.store.abandonTasks({
    cluster,
    instance: id,
    now,
    instanceStatus: 'INACTIVE',
    tasks: left.map((task) => ({
      id: task.id,
      observed: JSON.stringify(stoppedObservation(task, now, task.desire.stopCode ? {} : cause)),
    })),
  });
  if (!result.ok && result.reason === 'UNKNOWN_INSTANCE') throw notFound;
  return result.ok;
}

async function updateContainerInstancesState(
  input: UpdateContainerInstancesStateRequest,
  call: Call,
): Promise<UpdateContainerInstancesStateResponse> {
  checkUpdateState(input);
  const references = input.containerInstances ?? [];
  if (references.length === 0) throw invalid('Container instances cannot be empty.');
  const view = await activeClusterView(call, input.cluster);
  const status = input.status === 'DRAINING' ? 'DRAINING' : 'ACTIVE';
  const ids = [...new Set(references.map((reference) => containerInstanceIdOf(reference, view.name)))];
  const failures: Failure[] = [];
  const updated: string[] = [];
  for (const id of ids) {
    const refused = await setStatus(id, status, view, call);
    if (refused) failures.push(refused);
    else updated.push(id);
  }
  const after = await call.projections.current(view.name);
  return { containerInstances: updated.flatMap((id) => render(id, after, call, ['TAGS']) ?? []), failures };
}

async function setStatus(id: string, status: 'ACTIVE' | 'DRAINING', view: ClusterView, call: Call): Promise<Failure | undefined> {
  const arn = containerInstanceArn(call.scope, view.name, id);
  const instance = view.instances.get(id);
  if (!instance) return missing(arn);
  if (instance.status === 'INACTIVE') return failure(arn, 'INACTIVE');
  if (instance.status === status) return undefined;
  const services = new Set(leftTasks(view, id).flatMap(({ spec }) => spec.service?.name ?? []));
  const result = await call.store.put({
    partition: view.name,
    kind: 'instance',
    id,
    expect: { status: instance.status },
    set: { status },
    hints: [placementHint, ...[...services].map(serviceHint)],
  });
  if (result.ok || result.actual?.['status'] === status) return undefined;
  return result.actual ? failure(arn, 'INACTIVE') : missing(arn);
}

export const containerInstanceOperations = [
  operation('ListContainerInstances', listContainerInstances),
  operation('DescribeContainerInstances', describeContainerInstances),
  operation('DeregisterContainerInstance', deregisterContainerInstance),
  operation('UpdateContainerInstancesState', updateContainerInstancesState),
];
