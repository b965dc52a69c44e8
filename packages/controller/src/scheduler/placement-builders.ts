/** Tasks and instances for the scheduler's tests, with defaults that fit each other. */
import type { InstanceSnapshot, TaskToPlace } from './placement.ts';

type InstanceOptions = Partial<Omit<InstanceSnapshot, 'free' | 'tasksByGroup'>> & {
  cpu?: number;
  memory?: number;
  usedPorts?: string[];
  zone?: string;
  tasks?: Record<string, number>;
};

export function anInstance(id: string, options: InstanceOptions = {}): InstanceSnapshot {
  const { cpu = 1024, memory = 1024, usedPorts = [], zone = 'zone-a', tasks = {}, attributes, ...rest } = options;
  return {
    id,
    status: 'ACTIVE',
    connected: true,
    free: { cpu, memory, usedPorts: new Set(usedPorts) },
    attributes: { 'ecs.availability-zone': zone, ...attributes },
    tasksByGroup: new Map(Object.entries(tasks)),
    runningTasks: Object.values(tasks).reduce((sum, count) => sum + count, 0),
    agentVersion: '1.2.3',
    registeredAt: 1_700_000_000_000,
    ...rest,
  };
}

type TaskOptions = Partial<Omit<TaskToPlace, 'resources'>> & { cpu?: number; memory?: number; ports?: string[] };

export function aTask(id: string, options: TaskOptions = {}): TaskToPlace {
  const { cpu = 0, memory = 100, ports = [], ...rest } = options;
  return {
    id,
    group: 'service:web',
    taskDefinition: 'web:1',
    resources: { cpu, memory, ports },
    constraints: [],
    strategy: [],
    isServiceTask: true,
    ...rest,
  };
}

export const someTasks = (count: number, options: TaskOptions = {}): TaskToPlace[] =>
  Array.from({ length: count }, (_, index) => aTask(`task-${index}`, options));
