/**
 * What a task of a task definition is made of: the parts that RunTask, StartTask and the reconciler share.
 * Sizes follow ECS: task-level `cpu` and `memory` win over the sum of the containers'; a container reserves
 * `memoryReservation`, or `memory` where there is none.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
import type { ContainerDefinition, ContainerOverride, TaskOverride } from '@aws-sdk/client-ecs';
import type { Resources } from '@mini-ecs/shared';
import type { TaskDefinition } from './task-definition.ts';
import type { TaskSpec } from './task.ts';

const sum = (numbers: number[]): number => numbers.reduce((total, n) => total + n, 0);

/** `1024`, `1 vCPU`, `.5 vcpu` → CPU units; undefined for what is no CPU size. */
export function parseCpuUnits(text: string): number | undefined {
  const match = /^\s*(\d+|\d*\.\d+)\s*(vcpus?)?\s*$/i.exec(text);
  if (!match) return undefined;
  return match[2] ? Math.round(Number(match[1]) * 1024) : Math.trunc(Number(match[1]));
}

/** `512`, `1 GB`, `1GB` → MiB; undefined for what is no memory size. */
export function parseMemoryMib(text: string): number | undefined {
  const match = /^\s*(\d+|\d*\.\d+)\s*(gb|mb)?\s*$/i.exec(text);
  if (!match) return undefined;
  return match[2]?.toLowerCase() === 'gb' ? Math.round(Number(match[1]) * 1024) : Math.trunc(Number(match[1]));
}

function withOverride(container: ContainerDefinition, override: ContainerOverride | undefined): ContainerDefinition {
  if (!override) return container;
  return {
    ...container,
    cpu: override.cpu ?? container.cpu,
    memory: override.memory ?? container.memory,
    memoryReservation: override.memoryReservation ?? container.memoryReservation,
  };
}

const sizedContainers = (definition: TaskDefinition, overrides?: TaskOverride): ContainerDefinition[] =>
  (definition.spec.request.containerDefinitions ?? []).map((container) =>
    withOverride(
      container,
      overrides?.containerOverrides?.find(({ name }) => name === container.name),
    ),
  );

/** The ports that a task takes of its host for itself: static ones, and in host mode all. */
function staticPorts(definition: TaskDefinition): string[] {
  const isHostMode = definition.spec.request.networkMode === 'host';
  const ports = (definition.spec.request.containerDefinitions ?? []).flatMap(({ portMappings }) =>
    (portMappings ?? []).flatMap(({ hostPort, containerPort, protocol }) => {
      const port = isHostMode ? (containerPort ?? 0) : (hostPort ?? 0);
      return port === 0 ? [] : [`${port}/${protocol ?? 'tcp'}`];
    }),
  );
  return [...new Set(ports)];
}

export function resourcesOf(definition: TaskDefinition, overrides?: TaskOverride): Resources {
  const containers = sizedContainers(definition, overrides);
  const taskCpu = overrides?.cpu ?? definition.spec.request.cpu;
  const taskMemory = overrides?.memory ?? definition.spec.request.memory;
  return {
    cpu: (taskCpu === undefined ? undefined : parseCpuUnits(taskCpu)) ?? sum(containers.map(({ cpu }) => cpu ?? 0)),
    memory:
      (taskMemory === undefined ? undefined : parseMemoryMib(taskMemory)) ??
      sum(containers.map(({ memory, memoryReservation }) => memoryReservation ?? memory ?? 0)),
    ports: staticPorts(definition),
  };
}

export const containersOf = (definition: TaskDefinition, overrides?: TaskOverride): TaskSpec['containers'] =>
  sizedContainers(definition, overrides).map(({ name, image, cpu, memory, memoryReservation }) => ({
    name: name ?? '',
    image: image ?? '',
    cpu: cpu ?? 0,
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
  }));
