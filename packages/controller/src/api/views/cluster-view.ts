/** A cluster as the ECS API shows it. Pure. */
import type { ClusterField, Cluster as EcsCluster, KeyValuePair } from '@aws-sdk/client-ecs';
import { clusterArn, hasStopped, isRunning, isStarting, type ArnScope } from '@mini-ecs/shared';
import type { Cluster } from '../../domain/cluster.ts';
import type { ClusterView } from '../../projection/projection.ts';
import { renderTags } from '../tags.ts';

/** What ECS answers of a cluster that was just written. */
export const writtenClusterFields: readonly ClusterField[] = ['CONFIGURATIONS', 'SETTINGS', 'TAGS'];

export interface ClusterCounts {
  containerInstances: number;
  runningTasks: number;
  pendingTasks: number;
  activeServices: number;
  drainingServices: number;
}

export const noClusterCounts: ClusterCounts = {
  containerInstances: 0,
  runningTasks: 0,
  pendingTasks: 0,
  activeServices: 0,
  drainingServices: 0,
};

export function countCluster(view: Pick<ClusterView, 'instances' | 'tasks' | 'services'>): ClusterCounts {
  const counts = { ...noClusterCounts };
  for (const { status } of view.instances.values()) if (status !== 'INACTIVE') counts.containerInstances++;
  for (const { observed } of view.tasks.values()) {
    if (isRunning(observed.lastStatus)) counts.runningTasks++;
    else if (isStarting(observed.lastStatus) && !hasStopped(observed.lastStatus)) counts.pendingTasks++;
  }
  for (const { status } of view.services.values()) {
    if (status === 'ACTIVE') counts.activeServices++;
    else if (status === 'DRAINING') counts.drainingServices++;
  }
  return counts;
}

/** What is not asked for is empty, as on ECS. */
export function renderCluster(
  { name, status, spec, tags }: Cluster,
  counts: ClusterCounts,
  include: readonly ClusterField[],
  scope: ArnScope,
): EcsCluster {
  return {
    clusterArn: clusterArn(scope, name),
    clusterName: name,
    status,
    registeredContainerInstancesCount: counts.containerInstances,
    runningTasksCount: counts.runningTasks,
    pendingTasksCount: counts.pendingTasks,
    activeServicesCount: counts.activeServices,
    statistics: include.includes('STATISTICS') ? statisticsOf(counts) : [],
    tags: include.includes('TAGS') ? renderTags(tags) : [],
    settings: include.includes('SETTINGS') ? spec.settings : [],
    capacityProviders: spec.capacityProviders,
    defaultCapacityProviderStrategy: spec.defaultCapacityProviderStrategy,
    ...(include.includes('CONFIGURATIONS') && spec.configuration ? { configuration: spec.configuration } : {}),
    ...(include.includes('ATTACHMENTS') ? { attachments: [] } : {}),
    ...(spec.serviceConnectDefaults ? { serviceConnectDefaults: spec.serviceConnectDefaults } : {}),
  };
}

/** Everything here runs on container instances of one's own: what ECS counts as EC2. */
function statisticsOf(counts: ClusterCounts): KeyValuePair[] {
  const statistics = {
    runningEC2TasksCount: counts.runningTasks,
    runningFargateTasksCount: 0,
    pendingEC2TasksCount: counts.pendingTasks,
    pendingFargateTasksCount: 0,
    activeEC2ServiceCount: counts.activeServices,
    activeFargateServiceCount: 0,
    drainingEC2ServiceCount: counts.drainingServices,
    drainingFargateServiceCount: 0,
  };
  return Object.entries(statistics).map(([name, value]) => ({ name, value: String(value) }));
}
