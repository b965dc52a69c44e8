/**
 * The labels that tie a container to its task: those of the ECS agent, and two of our own.
 * https://github.com/aws/amazon-ecs-agent (agent/engine: labelTaskARN …)
 */
import type { AssignedTask } from '@mini-ecs/shared';

export const taskArnLabel = 'com.amazonaws.ecs.task-arn';
export const clusterLabel = 'com.amazonaws.ecs.cluster';
export const containerNameLabel = 'com.amazonaws.ecs.container-name';
export const familyLabel = 'com.amazonaws.ecs.task-definition-family';
export const revisionLabel = 'com.amazonaws.ecs.task-definition-version';
/** The container instance that the container belongs to. */
export const instanceLabel = 'mini-ecs.instance';
/** The store that the instance was enrolled with when the container was made. */
export const storeLabel = 'mini-ecs.store';

type Labels = Record<string, string>;

/** Of a container with `container`, of a volume without. The task definition's own labels cannot override these. */
export function taskLabels(task: AssignedTask, owner: { instanceId: string; storeId: string }, container?: string): Labels {
  return {
    [taskArnLabel]: task.taskArn,
    [clusterLabel]: task.cluster,
    [familyLabel]: task.family,
    [revisionLabel]: String(task.revision),
    [instanceLabel]: owner.instanceId,
    [storeLabel]: owner.storeId,
    ...(container === undefined ? {} : { [containerNameLabel]: container }),
  };
}

/** The id at the end of the task's ARN; undefined for a container that is not a task's. */
export const taskIdOf = (labels: Labels): string | undefined => labels[taskArnLabel]?.split('/').at(-1);

export const containerNameOf = (labels: Labels): string | undefined => labels[containerNameLabel];

/** Whether both sets of labels name the same container of the same task on the same instance. */
export const isSameContainer = (one: Labels, other: Labels): boolean =>
  [taskArnLabel, containerNameLabel, instanceLabel].every((label) => one[label] !== undefined && one[label] === other[label]);
