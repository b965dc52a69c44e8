/** A task definition as the ECS API shows it. Pure. */
import type { TaskDefinition as EcsTaskDefinition } from '@aws-sdk/client-ecs';
import { taskDefinitionArn, type ArnScope } from '@mini-ecs/shared';
import { taskDefinitionId, type TaskDefinition } from '../../domain/task-definition.ts';
import { EpochDate } from '../output.ts';

export const arnOf = ({ family, revision }: Pick<TaskDefinition, 'family' | 'revision'>, scope: ArnScope): string =>
  taskDefinitionArn(scope, taskDefinitionId(family, revision));

export function renderTaskDefinition(definition: TaskDefinition, scope: ArnScope): EcsTaskDefinition {
  const { family, revision, status, spec, deregisteredAt, deleteRequestedAt } = definition;
  return {
    taskDefinitionArn: arnOf(definition, scope),
    ...spec.request,
    family,
    revision,
    status,
    // Attributes that ECS's own agents must have: agents here have all that a registration can ask for.
    requiresAttributes: [],
    compatibilities: ['EXTERNAL', 'EC2'],
    registeredAt: new EpochDate(spec.registeredAt),
    registeredBy: spec.registeredBy,
    ...(deregisteredAt === undefined ? {} : { deregisteredAt: new EpochDate(deregisteredAt) }),
    ...(deleteRequestedAt === undefined ? {} : { deleteRequestedAt: new EpochDate(deleteRequestedAt) }),
  };
}
