/** What Docker itself says of the containers of tasks, on every engine of a lab. */
import type { LabHost } from '@mini-ecs/lab';
import Docker from 'dockerode';

export interface TaskContainer {
  host: LabHost;
  id: string;
  taskArn: string;
  family: string;
  revision: string;
}

const taskLabel = 'com.amazonaws.ecs.task-arn';

export const dockerOf = (host: LabHost): Docker => new Docker({ socketPath: host.socket });

/** The running containers of tasks on these hosts. An engine that does not answer rejects. */
export async function runningTaskContainers(hosts: readonly LabHost[]): Promise<TaskContainer[]> {
  const perHost = await Promise.all(
    hosts.map(async (host) => {
      const containers = await dockerOf(host).listContainers({ filters: { label: [taskLabel], status: ['running'] } });
      return containers.map(({ Id, Labels }) => ({
        host,
        id: Id,
        taskArn: Labels[taskLabel] ?? '',
        family: Labels['com.amazonaws.ecs.task-definition-family'] ?? '',
        revision: Labels['com.amazonaws.ecs.task-definition-version'] ?? '',
      }));
    }),
  );
  return perHost.flat();
}

/** How many run on each of the hosts, in their order. */
export const countPerHost = (hosts: readonly LabHost[], containers: readonly TaskContainer[]): number[] =>
  hosts.map((host) => containers.filter((container) => container.host === host).length);
