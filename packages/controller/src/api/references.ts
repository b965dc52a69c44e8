/**
 * What callers name things by, in every form that ECS accepts: short names, ids, `family`, `family:revision`, ARNs in the
 * long format (`service/<cluster>/<name>`) and the old one (`service/<name>`). Regions of ARNs are not looked at (regions do
 * not partition), accounts are not either: an installation has one. Names are checked here too, because keys are made of them.
 */
import { parseArn } from '@mini-ecs/shared';
import type { TaskDefinition } from '../domain/task-definition.ts';
import { taskDefinitionId } from '../domain/task-definition.ts';
import type { ClusterView } from '../projection/projection.ts';
import { decodeCluster, decodeTaskDefinition } from '../store/records.ts';
import { globalPartition } from '../store/store.ts';
import { ApiError } from './api-error.ts';
import type { ApiContext } from './operation.ts';

/** Clusters, services and families: up to 255 letters, digits, hyphens and underscores. */
export const namePattern = /^[a-zA-Z0-9_-]{1,255}$/;
/** Tasks and container instances: 32 hex digits here; what could be one of another installation is merely not found. */
const idPattern = /^[a-zA-Z0-9-]{1,36}$/;

type ClusterChildKind = 'service' | 'task' | 'container-instance';

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

// ── clusters ──

/** Short name of a cluster given by name or ARN; undefined means `default`. */
export function clusterNameOf(reference: string | undefined): string {
  if (reference === undefined || reference === '') return 'default';
  const name = reference.startsWith('arn:') ? nameInClusterArn(reference) : reference;
  if (!namePattern.test(name)) throw invalid(`Invalid cluster identifier: ${quote(reference)}. ${nameRule}`);
  return name;
}

function nameInClusterArn(arn: string): string {
  const parsed = parseArn(arn);
  if (parsed?.kind !== 'cluster' || parsed.path.length !== 1) throw invalid(`Invalid cluster ARN: ${quote(arn)}.`);
  return parsed.path[0] ?? '';
}

export const clusterNotFound = (): ApiError => new ApiError('ClusterNotFoundException', 'Cluster not found.');
const clusterInactive = (): ApiError => new ApiError('ClusterNotFoundException', 'The referenced cluster was inactive.');

/** The name of an ACTIVE cluster, checked in the store; ClusterNotFoundException otherwise. For operations that read by id. */
export async function activeCluster(call: Pick<ApiContext, 'store'>, reference: string | undefined): Promise<string> {
  const name = clusterNameOf(reference);
  const [fields] = await call.store.read(name, 'cluster', [name]);
  if (!fields) throw clusterNotFound();
  if (decodeCluster(name, fields).status !== 'ACTIVE') throw clusterInactive();
  return name;
}

/** The view of an ACTIVE cluster, every acknowledged write in it; ClusterNotFoundException otherwise. For lists and decisions. */
export async function activeClusterView(
  call: Pick<ApiContext, 'projections'>,
  reference: string | undefined,
): Promise<ClusterView> {
  const view = await call.projections.current(clusterNameOf(reference));
  if (!view.cluster) throw clusterNotFound();
  if (view.cluster.status !== 'ACTIVE') throw clusterInactive();
  return view;
}

// ── what lives in a cluster ──

/** Name of a service given by name or ARN. */
export const serviceNameOf = (reference: string, cluster: string): string => childOf('service', reference, cluster, namePattern);

/** Id of a task given by id or ARN. */
export const taskIdOf = (reference: string, cluster: string): string => childOf('task', reference, cluster, idPattern);

/** Id of a container instance given by id or ARN. */
export const containerInstanceIdOf = (reference: string, cluster: string): string =>
  childOf('container-instance', reference, cluster, idPattern);

/** Throws InvalidParameterException for what can name no such thing, and for an ARN that names another cluster. */
function childOf(kind: ClusterChildKind, reference: string, cluster: string, pattern: RegExp): string {
  const name = reference.startsWith('arn:') ? nameInChildArn(kind, reference, cluster) : reference;
  if (!pattern.test(name)) throw invalid(`Invalid ${kind} identifier: ${quote(reference)}.`);
  return name;
}

function nameInChildArn(kind: ClusterChildKind, arn: string, cluster: string): string {
  const parsed = parseArn(arn);
  if (parsed?.kind !== kind || parsed.path.length > 2) throw invalid(`Invalid ${kind} ARN: ${quote(arn)}.`);
  const [first = '', second] = parsed.path;
  if (second === undefined) return first;
  if (first !== cluster) throw invalid(`Identifier is for cluster ${first}. Your cluster is ${cluster}`);
  return second;
}

// ── task definitions ──

export interface TaskDefinitionReference {
  family: string;
  /** undefined: the latest ACTIVE one */
  revision?: number;
}

/** `family`, `family:revision` or an ARN of either. ClientException for anything else. */
export function taskDefinitionReferenceOf(reference: string): TaskDefinitionReference {
  const text = reference.startsWith('arn:') ? textInTaskDefinitionArn(reference) : reference;
  const match = /^([a-zA-Z0-9_-]{1,255})(?::(\d{1,10}))?$/.exec(text);
  if (!match) throw invalidTaskDefinition(reference);
  const [, family = '', revision] = match;
  if (revision === undefined) return { family };
  if (Number(revision) < 1) throw new ApiError('ClientException', `Invalid revision number. Number: ${revision}`);
  return { family, revision: Number(revision) };
}

function textInTaskDefinitionArn(arn: string): string {
  const parsed = parseArn(arn);
  if (parsed?.kind !== 'task-definition' || parsed.path.length !== 1) throw invalidTaskDefinition(arn);
  return parsed.path[0] ?? '';
}

const invalidTaskDefinition = (reference: string): ApiError =>
  new ApiError('ClientException', `Invalid task definition ${quote(reference)}: give a family, family:revision, or an ARN.`);

/** Whatever its status, when a revision is named; the latest ACTIVE one of a bare family. undefined: there is none. */
export async function findTaskDefinition(
  call: Pick<ApiContext, 'store' | 'projections'>,
  reference: string,
): Promise<TaskDefinition | undefined> {
  const { family, revision } = taskDefinitionReferenceOf(reference);
  if (revision === undefined) {
    const global = await call.projections.currentGlobal();
    return global.revisionsOf(family).findLast(({ status }) => status === 'ACTIVE');
  }
  const id = taskDefinitionId(family, revision);
  const [fields] = await call.store.read(globalPartition, 'task-definition', [id]);
  return fields && decodeTaskDefinition(id, fields);
}

/** One that tasks may be made of; ClientException in ECS's words otherwise. */
export async function activeTaskDefinition(
  call: Pick<ApiContext, 'store' | 'projections'>,
  reference: string,
): Promise<TaskDefinition> {
  const found = await findTaskDefinition(call, reference);
  if (!found) throw new ApiError('ClientException', 'TaskDefinition not found.');
  if (found.status !== 'ACTIVE') throw new ApiError('ClientException', 'TaskDefinition is inactive');
  return found;
}

// ── any resource ──

export type ResourceReference =
  | { kind: 'cluster'; cluster: string }
  | { kind: 'service'; cluster: string; id: string }
  | { kind: 'task'; cluster: string; id: string }
  | { kind: 'container-instance'; cluster: string; id: string }
  /** `id` is `family:revision`. */
  | { kind: 'task-definition'; id: string };

/** The resource of an ARN (long format), as the tag operations take it. InvalidParameterException for anything else. */
export function resourceOf(arn: string): ResourceReference {
  const parsed = parseArn(arn);
  const malformed = invalid(
    `The provided resource ARN ${quote(arn)} is invalid. Provide the ARN, in the long format, of a cluster, ${otherKinds}`,
  );
  if (!parsed) throw malformed;
  switch (parsed.kind) {
    case 'cluster':
      return { kind: 'cluster', cluster: clusterNameOf(arn) };
    case 'service':
    case 'task':
    case 'container-instance': {
      const [cluster = ''] = parsed.path;
      if (parsed.path.length !== 2 || !namePattern.test(cluster)) throw malformed;
      const pattern = parsed.kind === 'service' ? namePattern : idPattern;
      return { kind: parsed.kind, cluster, id: childOf(parsed.kind, arn, cluster, pattern) };
    }
    case 'task-definition': {
      const { family, revision } = taskDefinitionReferenceOf(arn);
      if (revision === undefined) throw malformed;
      return { kind: 'task-definition', id: taskDefinitionId(family, revision) };
    }
    default:
      throw malformed;
  }
}

const otherKinds = 'service, task, container instance, or a task definition with its revision.';
const nameRule = 'Names are up to 255 letters, numbers, hyphens and underscores.';

/** What a caller sent, in a message: quoted, and cut so that an answer stays readable. */
export const quote = (text: string): string => JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
