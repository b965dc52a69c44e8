/** Builders of what an agent is given to run. */
import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';

export function aContainer(overrides: Partial<AssignedContainer> = {}): AssignedContainer {
  return {
    name: 'app',
    image: 'app:1',
    essential: true,
    cpu: 0,
    memory: 32,
    portMappings: [],
    environment: [],
    dockerLabels: {},
    mountPoints: [],
    volumesFrom: [],
    dependsOn: [],
    ...overrides,
  };
}

export function anAssignedTask(taskId: string, overrides: Partial<AssignedTask> = {}): AssignedTask {
  return {
    taskArn: `arn:aws:ecs:us-east-1:000000000000:task/default/${taskId}`,
    cluster: 'default',
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    family: 'web',
    revision: 1,
    group: 'family:web',
    networkMode: 'bridge',
    containers: [aContainer()],
    volumes: [],
    ...overrides,
  };
}
