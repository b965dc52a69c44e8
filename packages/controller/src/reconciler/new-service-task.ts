/** The task that a service starts: what of it follows from the service and its task definition. */
import type { Service } from '../domain/service.ts';
import type { Tags } from '../domain/tag.ts';
import { containersOf, resourcesOf } from '../domain/new-task.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { TaskSpec } from '../domain/task.ts';

export function newServiceTaskSpec(
  service: Service,
  definition: TaskDefinition,
  now: number,
  replaces: TaskSpec['replaces'],
): TaskSpec {
  const { spec } = service;
  return {
    taskDefinition: spec.taskDefinition,
    group: `service:${service.name}`,
    startedBy: spec.deploymentId,
    createdAt: now,
    resources: resourcesOf(definition),
    placementConstraints: [...spec.placementConstraints, ...(definition.spec.request.placementConstraints ?? [])],
    placementStrategy: spec.placementStrategy,
    containers: containersOf(definition),
    ...(spec.enableExecuteCommand ? { enableExecuteCommand: true } : {}),
    service: { name: service.name, deploymentId: spec.deploymentId },
    ...(replaces ? { replaces } : {}),
  };
}

export function serviceTaskTags(service: Service, definition: TaskDefinition): Tags {
  const { propagateTags, enableECSManagedTags } = service.spec;
  const managed: Tags = enableECSManagedTags
    ? { 'aws:ecs:clusterName': service.cluster, 'aws:ecs:serviceName': service.name }
    : {};
  if (propagateTags === 'SERVICE') return { ...service.tags, ...managed };
  if (propagateTags === 'TASK_DEFINITION') return { ...definition.tags, ...managed };
  return managed;
}
