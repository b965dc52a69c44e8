import type { AssignedContainer, AssignedTask, AssignedVolume } from '@mini-ecs/shared';

/** What a container is made of. Its settings stay in ECS's words; only the runtime translates them. */
export interface CreateRequest {
  name: string;
  labels: Record<string, string>;
  task: AssignedTask;
  container: AssignedContainer;
  /** Runtime names of the task's containers, for links, volumes-from and shared namespaces. */
  names: Record<string, string>;
  /** Runtime names of the task's volumes that are no path of the host. */
  volumes: Record<string, string>;
}

export interface VolumeRequest {
  name: string;
  volume: AssignedVolume;
  labels: Record<string, string>;
}
