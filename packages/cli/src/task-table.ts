/** The table of tasks that `up` and `ps` print. */
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  paginateListTasks,
  type ContainerInstance,
  type DesiredStatus,
  type ECSClient,
  type Task,
} from '@aws-sdk/client-ecs';
import { renderTable } from './table.ts';

export interface TaskRow {
  taskId: string;
  group: string;
  /** '' while the task has no container instance */
  host: string;
  zone: string;
  /** Each published port at the host's address, `10.77.1.11:32768`. */
  addresses: string[];
  status: string;
  task: Task;
}

/** What an agent says its published ports are reached at. */
const addressAttribute = 'mini-ecs.address';

export async function readTaskRows(
  client: ECSClient,
  cluster: string,
  desiredStatus: DesiredStatus = 'RUNNING',
): Promise<TaskRow[]> {
  const tasks = await readTasks(client, cluster, desiredStatus);
  const arns = [...new Set(tasks.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []))];
  const instances = new Map(
    (await readInstances(client, cluster, arns)).map((instance) => [instance.containerInstanceArn, instance]),
  );
  return tasks
    .map((task) => rowOf(task, instances.get(task.containerInstanceArn)))
    .sort((a, b) => a.group.localeCompare(b.group) || a.host.localeCompare(b.host) || a.taskId.localeCompare(b.taskId));
}

async function readTasks(client: ECSClient, cluster: string, desiredStatus: DesiredStatus): Promise<Task[]> {
  const tasks: Task[] = [];
  for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster, desiredStatus })) {
    if (taskArns.length === 0) continue;
    const described = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    tasks.push(...(described.tasks ?? []));
  }
  return tasks;
}

async function readInstances(client: ECSClient, cluster: string, arns: string[]): Promise<ContainerInstance[]> {
  const instances: ContainerInstance[] = [];
  for (let start = 0; start < arns.length; start += 100) {
    const containerInstances = arns.slice(start, start + 100);
    const described = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    instances.push(...(described.containerInstances ?? []));
  }
  return instances;
}

function rowOf(task: Task, instance: ContainerInstance | undefined): TaskRow {
  const attribute = (name: string): string | undefined => instance?.attributes?.find((each) => each.name === name)?.value;
  const host = instance?.ec2InstanceId ?? '';
  const address = attribute(addressAttribute) ?? host;
  const ports = (task.containers ?? []).flatMap(({ networkBindings = [] }) =>
    networkBindings.flatMap(({ hostPort }) => hostPort ?? []),
  );
  return {
    taskId: task.taskArn?.split('/').at(-1) ?? '',
    group: task.group ?? '',
    host,
    zone: attribute('ecs.availability-zone') ?? '',
    addresses: [...new Set(ports)].map((port) => `${address}:${port}`),
    status: task.connectivity === 'DISCONNECTED' ? `${task.lastStatus} (host not connected)` : (task.lastStatus ?? ''),
    task,
  };
}

export function renderTaskTable(rows: readonly TaskRow[]): string {
  const lines = rows.map(({ taskId, group, host, zone, addresses, status }) => [
    taskId,
    group,
    host,
    zone,
    addresses.join(' '),
    status,
  ]);
  return renderTable(['TASK', 'GROUP', 'HOST', 'ZONE', 'ADDRESS', 'STATUS'], lines);
}
