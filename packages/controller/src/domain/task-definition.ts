import type { RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import type { Resources } from '@mini-ecs/shared';
import type { Tags } from './tag.ts';

/** What was registered, as it was registered (field `doc`); immutable. `tags` of the request are kept apart. */
export interface TaskDefinitionSpec {
  request: Omit<RegisterTaskDefinitionRequest, 'tags'>;
  registeredAt: number;
  registeredBy: string;
}

export interface TaskDefinition {
  family: string;
  revision: number;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  spec: TaskDefinitionSpec;
  /** ms; undefined while ACTIVE */
  deregisteredAt?: number;
  /** ms; set once it is DELETE_IN_PROGRESS */
  deleteRequestedAt?: number;
  tags: Tags;
  version: number;
}

/** `family:revision`: how everything else refers to it. */
export const taskDefinitionId = (family: string, revision: number): string => `${family}:${revision}`;

/** What one task of it takes from an instance; derived once by resourcesOfTaskDefinition. */
export type TaskResources = Resources;
