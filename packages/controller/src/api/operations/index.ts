/** Every operation of the ECS API that is built. */
import type { Operation } from '../operation.ts';
import { accountSettingOperations } from './account-settings.ts';
import { attributeOperations } from './attributes.ts';
import { clusterOperations } from './clusters.ts';
import { containerInstanceOperations } from './container-instances.ts';
import { runTaskOperations } from './run-task.ts';
import { serviceOperations } from './services.ts';
import { tagOperations } from './tags.ts';
import { taskDefinitionOperations } from './task-definitions.ts';
import { taskOperations } from './tasks.ts';

export const ecsOperations: readonly Operation[] = [
  ...clusterOperations,
  ...taskDefinitionOperations,
  ...runTaskOperations,
  ...taskOperations,
  ...serviceOperations,
  ...containerInstanceOperations,
  ...attributeOperations,
  ...tagOperations,
  ...accountSettingOperations,
];
