/** StopTask, DescribeTasks, ListTasks; RunTask and StartTask are in run-task.ts. */
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  ListTasksRequest,
  ListTasksResponse,
  StopTaskRequest,
  StopTaskResponse,
} from '@aws-sdk/client-ecs';
import { taskArn } from '@mini-ecs/shared';
import { stoppedObservation } from '../../domain/stopped-task.ts';
import type { Task, TaskDesire } from '../../domain/task.ts';
import type { ClusterView } from '../../projection/projection.ts';
import { ApiError } from '../api-error.ts';
import { missing } from '../failures.ts';
import { limits, list, oneOf, text } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { activeClusterView, containerInstanceIdOf, serviceNameOf, taskIdOf } from '../references.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { desiredStatusOf, renderTask, startedByOf } from '../views/task-view.ts';

const checkStopTask = limits<StopTaskRequest>({ reason: text({ most: 1024 }) });
const checkDescribeTasks = limits<DescribeTasksRequest>({
  tasks: list({ most: 100 }),
  include: list({ each: oneOf(['TAGS']) }),
});
const checkListTasks = limits<ListTasksRequest>({
  desiredStatus: oneOf(['RUNNING', 'PENDING', 'STOPPED']),
  launchType: oneOf(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']),
});

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** Already told to stop, or stopped by itself: the first reason stays. */
const isStopping = (task: Task): boolean => task.desire.desiredStatus === 'STOPPED' || task.observed.lastStatus === 'STOPPED';

async function stopTask(input: StopTaskRequest, call: Call): Promise<StopTaskResponse> {
  checkStopTask(input);
  const view = await activeClusterView(call, input.cluster);
  const id = taskIdOf(input.task ?? '', view.name);
  const task = view.tasks.get(id);
  if (!task) throw invalid('The referenced task was not found.');
  if (!isStopping(task)) await tellToStop(task, input.reason ?? 'Task stopped by user', call);
  const after = await call.projections.current(view.name);
  const stopped = after.tasks.get(id) ?? task;
  return { task: renderTask(stopped, { instance: after.instances.get(stopped.instance ?? ''), includeTags: true }, call.scope) };
}

async function tellToStop(task: Task, stoppedReason: string, call: Call): Promise<void> {
  const now = call.clock.now();
  const desire: TaskDesire = { desiredStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason, stoppingAt: now };
  const { found } = await call.store.stopTasks({
    cluster: task.cluster,
    now,
    tasks: [
      {
        id: task.id,
        desired: JSON.stringify(desire),
        observedIfUnplaced: JSON.stringify(stoppedObservation(task, now)),
      },
    ],
  });
  if (!found[0]) throw invalid('The referenced task was not found.');
}

async function describeTasks(input: DescribeTasksRequest, call: Call): Promise<DescribeTasksResponse> {
  checkDescribeTasks(input);
  const references = input.tasks ?? [];
  if (references.length === 0) throw invalid('Tasks cannot be empty.');
  const view = await activeClusterView(call, input.cluster);
  const includeTags = input.include?.includes('TAGS') ?? false;
  const response: Required<DescribeTasksResponse> = { tasks: [], failures: [] };
  for (const id of references.map((reference) => taskIdOf(reference, view.name))) {
    const task = view.tasks.get(id);
    if (task)
      response.tasks.push(renderTask(task, { instance: view.instances.get(task.instance ?? ''), includeTags }, call.scope));
    else response.failures.push(missing(taskArn(call.scope, view.name, id)));
  }
  return response;
}

/** `startedBy` stands alone, as ECS has it; but for the status, which every caller of ECS gives with it. */
function checkFilters({ startedBy, containerInstance, family, serviceName, launchType }: ListTasksRequest): void {
  if (startedBy === undefined) return;
  const others = Object.entries({ containerInstance, family, serviceName, launchType }).find(([, value]) => value !== undefined);
  if (others) throw invalid(`When startedBy is specified, it must be the only filter; ${others[0]} was given too.`);
}

/** The tasks of the instance or service that the filters name, all of which are few; undefined: any task may be wanted. */
function candidates(input: ListTasksRequest, view: ClusterView): readonly Task[] | undefined {
  if (input.containerInstance !== undefined) {
    const id = containerInstanceIdOf(input.containerInstance, view.name);
    if (!view.instances.has(id)) throw invalid(`Referenced container instance ${id} not found.`);
    return view.tasksOfInstance(id);
  }
  if (input.serviceName !== undefined) return view.tasksOfService(serviceNameOf(input.serviceName, view.name));
  return undefined;
}

const isOfFamily = ({ spec: { taskDefinition } }: Task, family: string): boolean =>
  taskDefinition.startsWith(family) && taskDefinition.lastIndexOf(':') === family.length;

/** Asked of 150,000 tasks, perhaps. */
function filterOf(input: ListTasksRequest, service: string | undefined): (task: Task) => boolean {
  const { desiredStatus = 'RUNNING', family, startedBy, launchType = 'EC2' } = input;
  if (launchType !== 'EC2') return () => false;
  return (task) =>
    desiredStatusOf(task) === desiredStatus &&
    (service === undefined || task.spec.service?.name === service) &&
    (family === undefined || isOfFamily(task, family)) &&
    (startedBy === undefined || startedByOf(task) === startedBy);
}

/** Nothing is copied. */
function* onlyWanted(tasks: Iterable<Task>, isWanted: (task: Task) => boolean): Iterable<Task> {
  for (const task of tasks) if (isWanted(task)) yield task;
}

async function listTasks(input: ListTasksRequest, call: Call): Promise<ListTasksResponse> {
  checkListTasks(input);
  refuseUnsupported({ daemonName: input.daemonName !== undefined });
  checkFilters(input);
  const view = await activeClusterView(call, input.cluster);
  const service = input.serviceName === undefined ? undefined : serviceNameOf(input.serviceName, view.name);
  if (service !== undefined && !view.services.has(service)) throw new ApiError('ServiceNotFoundException', 'Service not found.');
  const isWanted = filterOf(input, service);
  const wanted = candidates(input, view)?.filter(isWanted) ?? {
    next: (after: string | undefined, count: number) => view.nextTasks(after, count, isWanted),
    all: () => onlyWanted(view.tasks.values(), isWanted),
  };
  const page = pageOf('ListTasks', input, wanted, { keyOf: ({ id }) => id });
  return { taskArns: page.items.map(({ id }) => taskArn(call.scope, view.name, id)), nextToken: page.nextToken };
}

export const taskOperations = [
  operation('StopTask', stopTask),
  operation('DescribeTasks', describeTasks),
  operation('ListTasks', listTasks),
];
