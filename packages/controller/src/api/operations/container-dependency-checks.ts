/**
 * What containers of a task definition want of each other: `dependsOn`, `links` and `volumesFrom` must name containers of the task
 * definition and must not go in circles, or no container could start first. Each check throws ClientException.
 */
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { refuse } from './container-definition-checks.ts';

export function checkContainerDependencies(containers: readonly ContainerDefinition[]): void {
  const byName = new Map(containers.map((container) => [container.name ?? '', container]));
  for (const container of containers) {
    checkConditions(container, byName);
    for (const { member, name } of neededBy(container)) {
      if (name === container.name) refuse(`Invalid '${member}' setting for container '${name}': it names the container itself.`);
      if (!byName.has(name)) {
        refuse(
          `Invalid '${member}' setting for container '${container.name}': there is no container '${name}' in the task definition.`,
        );
      }
    }
  }
  const cycle = findCycle(byName);
  if (cycle) refuse(`Invalid container dependencies: they go in a circle (${cycle.join(' → ')}).`);
}

/** Containers that must be there before this one starts. */
const neededBy = ({ dependsOn, links, volumesFrom }: ContainerDefinition): { member: string; name: string }[] => [
  ...(dependsOn ?? []).map(({ containerName = '' }) => ({ member: 'dependsOn', name: containerName })),
  ...(links ?? []).map((link) => ({ member: 'links', name: link.split(':')[0] ?? '' })),
  ...(volumesFrom ?? []).map(({ sourceContainer = '' }) => ({ member: 'volumesFrom', name: sourceContainer })),
];

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html */
function checkConditions({ name, dependsOn }: ContainerDefinition, byName: ReadonlyMap<string, ContainerDefinition>): void {
  for (const { containerName = '', condition } of dependsOn ?? []) {
    const other = byName.get(containerName);
    const at = `Invalid 'dependsOn' setting for container '${name}': `;
    if (condition === 'HEALTHY' && other && !other.healthCheck) {
      refuse(`${at}it waits for '${containerName}' to be HEALTHY, which has no healthCheck.`);
    }
    if ((condition === 'COMPLETE' || condition === 'SUCCESS') && other && other.essential !== false) {
      refuse(`${at}it waits for '${containerName}' to end (${condition}), which is essential: the task would stop with it.`);
    }
  }
}

/** Names of a circle, the first again at the end. At most ten containers: plain depth-first search. */
function findCycle(byName: ReadonlyMap<string, ContainerDefinition>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    const container = byName.get(name);
    if (!container || finished.has(name)) return undefined;
    for (const needed of neededBy(container)) {
      const cycle = visit(needed.name, [...path, name]);
      if (cycle) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of byName.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
