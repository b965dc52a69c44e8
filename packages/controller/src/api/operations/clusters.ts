/** Clusters: CreateCluster, DescribeClusters, ListClusters, UpdateCluster, UpdateClusterSettings, DeleteCluster. */
import {
  ClusterField,
  ClusterSettingName,
  type ClusterServiceConnectDefaultsRequest,
  type ClusterSetting,
  type CreateClusterRequest,
  type CreateClusterResponse,
  type DeleteClusterRequest,
  type DeleteClusterResponse,
  type DescribeClustersRequest,
  type DescribeClustersResponse,
  type ListClustersRequest,
  type ListClustersResponse,
  type UpdateClusterRequest,
  type UpdateClusterResponse,
  type UpdateClusterSettingsRequest,
  type UpdateClusterSettingsResponse,
} from '@aws-sdk/client-ecs';
import { clusterArn } from '@mini-ecs/shared';
import type { Cluster, ClusterSpec } from '../../domain/cluster.ts';
import { decodeCluster } from '../../store/records.ts';
import { globalPartition } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { missing } from '../failures.ts';
import { limits, list, members, oneOf, text } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { activeCluster, clusterNameOf, clusterNotFound, namePattern } from '../references.ts';
import { tagsOf } from '../tags.ts';
import { updateRecord } from '../update-record.ts';
import { countCluster, writtenClusterFields, noClusterCounts, renderCluster } from '../views/cluster-view.ts';
import { effectiveSetting } from './account-settings.ts';

const clusterSettings = list<ClusterSetting>({
  most: 10,
  each: members<ClusterSetting>({
    name: oneOf(Object.values(ClusterSettingName)),
    value: oneOf(['enabled', 'disabled', 'enhanced']),
  }),
});

const serviceConnectDefaults = members<ClusterServiceConnectDefaultsRequest>({ namespace: text({ most: 2048 }) });

// ── CreateCluster ──

const checkCreateCluster = limits<CreateClusterRequest>({
  clusterName: text({ least: 1, most: 255, pattern: namePattern, rule: 'letters, numbers, hyphens and underscores' }),
  settings: clusterSettings,
  serviceConnectDefaults,
});

/** Creating one that is there gives it as it is; a deleted one comes back as a new one. */
async function createCluster(input: CreateClusterRequest, call: Call): Promise<CreateClusterResponse> {
  checkCreateCluster(input);
  refuseCapacityProviders(input);
  const name = input.clusterName ?? 'default';
  const fields = {
    doc: JSON.stringify(await newClusterSpec(name, input, call)),
    status: 'ACTIVE',
    tags: JSON.stringify(tagsOf(input.tags)),
  };
  // First the index: a name in it without a cluster is harmless, a cluster that is in no list is not.
  await call.store.put({ partition: globalPartition, kind: 'cluster-name', id: name, expect: 'any', set: {} });
  const key = { partition: name, kind: 'cluster', id: name } as const;
  const created = await call.store.put({ ...key, expect: 'absent', set: fields });
  if (!created.ok) await call.store.put({ ...key, expect: { status: 'INACTIVE' }, set: fields });
  return { cluster: await describeCluster(await readCluster(name, call), writtenClusterFields, call) };
}

async function newClusterSpec(name: string, input: CreateClusterRequest, call: Call): Promise<ClusterSpec> {
  const insights: ClusterSetting = { name: 'containerInsights', value: await effectiveSetting(call, 'containerInsights') };
  return {
    name,
    settings: mergeSettings([insights], input.settings),
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
    createdAt: call.clock.now(),
    ...(input.configuration ? { configuration: input.configuration } : {}),
    ...(input.serviceConnectDefaults ? { serviceConnectDefaults: input.serviceConnectDefaults } : {}),
  };
}

function refuseCapacityProviders({ capacityProviders, defaultCapacityProviderStrategy }: CreateClusterRequest): void {
  const [wanted] = [
    ...(capacityProviders ?? []),
    ...(defaultCapacityProviderStrategy ?? []).map((item) => item.capacityProvider),
  ];
  if (wanted === undefined) return;
  throw new ApiError(
    'InvalidParameterException',
    `The specified capacity provider '${wanted}' was not found: mini-ecs has no capacity providers yet; tasks run on the container instances that are registered.`,
  );
}

/** Later ones win, by name. */
const mergeSettings = (settings: readonly ClusterSetting[], changed: readonly ClusterSetting[] = []): ClusterSetting[] => [
  ...new Map([...settings, ...changed].map((setting) => [setting.name, setting])).values(),
];

// ── DescribeClusters, ListClusters ──

const checkDescribeClusters = limits<DescribeClustersRequest>({
  clusters: list({ most: 100 }),
  include: list({ each: oneOf(Object.values(ClusterField)) }),
});

async function describeClusters(input: DescribeClustersRequest, call: Call): Promise<DescribeClustersResponse> {
  checkDescribeClusters(input);
  const names = (input.clusters?.length ? input.clusters : ['default']).map(clusterNameOf);
  const found = await Promise.all([...new Set(names)].map(async (name) => ({ name, cluster: await findCluster(name, call) })));
  const clusters = found.flatMap(({ cluster }) => cluster ?? []);
  return {
    clusters: await Promise.all(clusters.map((cluster) => describeCluster(cluster, input.include ?? [], call))),
    failures: found.filter(({ cluster }) => !cluster).map(({ name }) => missing(clusterArn(call.scope, name))),
  };
}

async function findCluster(name: string, call: Call): Promise<Cluster | undefined> {
  const [fields] = await call.store.read(name, 'cluster', [name]);
  return fields && decodeCluster(name, fields);
}

async function readCluster(name: string, call: Call): Promise<Cluster> {
  const cluster = await findCluster(name, call);
  if (!cluster) throw clusterNotFound();
  return cluster;
}

/** Counts are those of the projection, every acknowledged write in it. */
async function describeCluster(cluster: Cluster, include: readonly ClusterField[], call: Call) {
  const counts = cluster.status === 'ACTIVE' ? countCluster(await call.projections.current(cluster.name)) : noClusterCounts;
  return renderCluster(cluster, counts, include, call.scope);
}

/** The index of names is a superset: those deleted are left out of a page, which may so be shorter than asked for. */
async function listClusters(input: ListClustersRequest, call: Call): Promise<ListClustersResponse> {
  const { clusterNames } = await call.projections.currentGlobal();
  const { items, nextToken } = pageOf('ListClusters', input, clusterNames, { keyOf: (name) => name });
  const clusters = await Promise.all(items.map((name) => findCluster(name, call)));
  const active = clusters.flatMap((cluster) => (cluster?.status === 'ACTIVE' ? [cluster.name] : []));
  return { clusterArns: active.map((name) => clusterArn(call.scope, name)), nextToken };
}

// ── UpdateCluster, UpdateClusterSettings ──

const checkUpdateCluster = limits<UpdateClusterRequest>({ settings: clusterSettings, serviceConnectDefaults });

async function updateCluster(input: UpdateClusterRequest, call: Call): Promise<UpdateClusterResponse> {
  checkUpdateCluster(input);
  const { settings, configuration, serviceConnectDefaults } = input;
  const cluster = await changeCluster(input.cluster, call, (spec) => ({
    ...spec,
    settings: mergeSettings(spec.settings, settings),
    ...(configuration ? { configuration } : {}),
    // An empty namespace takes the default away, as on ECS.
    ...(serviceConnectDefaults
      ? { serviceConnectDefaults: serviceConnectDefaults.namespace ? serviceConnectDefaults : undefined }
      : {}),
  }));
  return { cluster };
}

const checkUpdateClusterSettings = limits<UpdateClusterSettingsRequest>({ settings: clusterSettings });

async function updateClusterSettings(input: UpdateClusterSettingsRequest, call: Call): Promise<UpdateClusterSettingsResponse> {
  checkUpdateClusterSettings(input);
  const cluster = await changeCluster(input.cluster, call, (spec) => ({
    ...spec,
    settings: mergeSettings(spec.settings, input.settings),
  }));
  return { cluster };
}

async function changeCluster(reference: string | undefined, call: Call, change: (spec: ClusterSpec) => ClusterSpec) {
  const name = await activeCluster(call, reference);
  const fields = await updateRecord(call.store, { partition: name, kind: 'cluster', id: name }, (current) => {
    if (!current || current['status'] !== 'ACTIVE') throw clusterNotFound();
    return { doc: JSON.stringify(change(decodeCluster(name, current).spec)) };
  });
  if (!fields) throw clusterNotFound();
  return describeCluster(decodeCluster(name, fields), writtenClusterFields, call);
}

// ── DeleteCluster ──

async function deleteCluster(input: DeleteClusterRequest, call: Call): Promise<DeleteClusterResponse> {
  const name = clusterNameOf(input.cluster);
  const deleted = await call.store.deleteCluster(name);
  if (!deleted.ok) throw deletionRefusal(deleted.reason);
  return { cluster: await describeCluster(await readCluster(name, call), writtenClusterFields, call) };
}

function deletionRefusal(reason: 'NOT_FOUND' | 'INSTANCES' | 'SERVICES' | 'TASKS'): ApiError {
  switch (reason) {
    case 'NOT_FOUND':
      return clusterNotFound();
    case 'INSTANCES':
      return new ApiError(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
      );
    case 'SERVICES':
      return new ApiError('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.');
    case 'TASKS':
      return new ApiError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
  }
}

export const clusterOperations = [
  operation('CreateCluster', createCluster),
  operation('DescribeClusters', describeClusters),
  operation('ListClusters', listClusters),
  operation('UpdateCluster', updateCluster),
  operation('UpdateClusterSettings', updateClusterSettings),
  operation('DeleteCluster', deleteCluster),
];
