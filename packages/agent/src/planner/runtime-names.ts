/**
 * Names of a task's containers and volumes in the engine: `ecs-<family>-<revision>-<name>-<hex>`, as the ECS
 * agent's, where the hex is the task's id. So a creation repeated after a crash meets its own first attempt.
 */
import type { AssignedTask, AssignedVolume } from '@mini-ecs/shared';

const runtimeName = (task: AssignedTask, name: string, taskId: string): string =>
  `ecs-${task.family}-${task.revision}-${name}-${taskId}`.replaceAll(/[^a-zA-Z0-9_.-]/g, '-');

export const containerRuntimeNames = (task: AssignedTask, taskId: string): Record<string, string> =>
  Object.fromEntries(task.containers.map(({ name }) => [name, runtimeName(task, name, taskId)]));

/** A shared volume keeps its own name; any other is the task's. Paths of the host have none. */
export function volumeRuntimeNames(task: AssignedTask, taskId: string): Record<string, string> {
  const named = task.volumes.filter((volume) => volume.hostPath === undefined);
  return Object.fromEntries(
    named.map((volume) => [volume.name, isShared(volume) ? volume.name : runtimeName(task, volume.name, taskId)]),
  );
}

const isShared = (volume: AssignedVolume): boolean => volume.docker?.scope === 'shared';

/** Runtime names of the volumes that go with the task. */
export function taskScopedVolumes(task: AssignedTask, taskId: string): string[] {
  const names = volumeRuntimeNames(task, taskId);
  return task.volumes.filter((volume) => !isShared(volume)).flatMap((volume) => names[volume.name] ?? []);
}
