/**
 * Records ⇄ domain types. The fields of each kind, who writes them, and which the store's commands check:
 *
 *  cluster          doc, status (ACTIVE|INACTIVE), tags: the API
 *  service          doc, status, specVersion, tags: the API · state, stateVersion: the reconciler · tasksVersion: every command
 *                   that creates or stops a task of it · refusal: the placement commit
 *  task             doc, tags, service, request, cpu, memory, ports: at creation · desired, desiredStatus: API and
 *                   reconciler · instance, placedAt: the placement commit · observed, lastStatus, rank, health: status intake
 *  instance         doc, session, totalCpu, totalMemory, reservedPorts: openSession · status, attributes, tags: the API
 *                   cpu, memory, ports (free, free, used): commits and status intake · connected, disconnectedAt: leases
 *  task-definition  doc, status, deregisteredAt, deleteRequestedAt, tags: the API
 *  cluster-name     (none): the index of clusters, a superset of those that exist
 *  setting, access-key  doc: the API
 *  authority        doc: the first controller of the store
 *  join-token       doc, secretHash, expiresAt, instance, attributes: the API · usesLeft: the API, then enrolInstance
 *  enrolment        token, keyHash, enrolledAt, attributes: enrolInstance · certificates: enrolInstance, renewals
 *                   revokedAt: the API, deregistration
 *
 * Every record has `version`, raised by each write. Missing fields read as ''.
 */
import { decodePorts, encodePorts, taskStatusRank } from '@mini-ecs/shared';
import type { Cluster, ClusterSpec } from '../domain/cluster.ts';
import type { Enrolment, IssuedCertificate } from '../domain/enrolment.ts';
import type { JoinTokenRecord } from '../domain/join-token.ts';
import type { ContainerInstance, InstanceRegistration } from '../domain/container-instance.ts';
import type { Service, ServiceSpec, ServiceState } from '../domain/service.ts';
import type { Tags } from '../domain/tag.ts';
import type { TaskDefinition, TaskDefinitionSpec } from '../domain/task-definition.ts';
import type { Task, TaskDesire, TaskObservation, TaskSpec } from '../domain/task.ts';
import type { Fields, NewTask, StatusWrite } from './store.ts';

const json = <T>(fields: Fields, name: string): T => JSON.parse(fields[name] ?? 'null') as T;
const optionalJson = <T>(fields: Fields, name: string, otherwise: T): T =>
  fields[name] ? (JSON.parse(fields[name]) as T) : otherwise;
const number = (fields: Fields, name: string): number => Number(fields[name] ?? 0);
const optionalNumber = (fields: Fields, name: string): number | undefined => (fields[name] ? Number(fields[name]) : undefined);
const tags = (fields: Fields): Tags => (fields['tags'] === '{}' ? noTags : optionalJson<Tags>(fields, 'tags', noTags));

export const decodeCluster = (name: string, fields: Fields): Cluster => ({
  name,
  status: fields['status'] as Cluster['status'],
  spec: json<ClusterSpec>(fields, 'doc'),
  tags: tags(fields),
  version: number(fields, 'version'),
});

export const decodeService = (cluster: string, name: string, fields: Fields): Service => ({
  name,
  cluster,
  status: fields['status'] as Service['status'],
  spec: json<ServiceSpec>(fields, 'doc'),
  state: optionalJson<ServiceState>(fields, 'state', { deployments: [], events: [] }),
  refusal: optionalJson(fields, 'refusal', undefined),
  tags: tags(fields),
  specVersion: number(fields, 'specVersion'),
  tasksVersion: number(fields, 'tasksVersion'),
  stateVersion: number(fields, 'stateVersion'),
  version: number(fields, 'version'),
});

/** `known`: the task as it was before; what is written once need not be read again, and may not be among the fields. */
export function decodeTask(cluster: string, id: string, fields: Fields, known?: Task): Task {
  const { desired = '', instance = '' } = fields;
  if (!known && fields['doc'] === undefined) throw new Error(`Task ${id} is not known, and its record has no doc.`);
  return {
    id: known?.id ?? id,
    cluster,
    spec: known?.spec ?? taskSpecOf(fields['doc'] ?? ''),
    desire: desired === toRun ? desireToRun : json<TaskDesire>(fields, 'desired'),
    observed: json<TaskObservation>(fields, 'observed'),
    instance: known?.instance === instance ? known.instance : instance || undefined,
    placedAt: optionalNumber(fields, 'placedAt'),
    tags: tags(fields),
    version: number(fields, 'version'),
  };
}

/**
 * Tasks that were created together are alike to the letter, and come one after the other: they share one spec, which is most of what a
 * task takes of a controller's memory. Only the newest few are remembered.
 */
const rememberedSpecs = 100;
const newestSpecs = new Map<string, TaskSpec>();

function taskSpecOf(doc: string): TaskSpec {
  const known = newestSpecs.get(doc);
  if (known) return known;
  const spec = Object.freeze(JSON.parse(doc) as TaskSpec);
  newestSpecs.set(doc, spec);
  for (const oldest of newestSpecs.keys()) {
    if (newestSpecs.size <= rememberedSpecs) break;
    newestSpecs.delete(oldest);
  }
  return spec;
}

/** Of nearly all tasks: one object for them all. */
const desireToRun: TaskDesire = Object.freeze({ desiredStatus: 'RUNNING' });
const toRun = JSON.stringify(desireToRun);
const noTags: Tags = Object.freeze({});

export function encodeNewTask(task: { id: string; spec: TaskSpec; tags: Tags }): NewTask {
  const { spec } = task;
  return {
    id: task.id,
    fields: {
      doc: JSON.stringify(spec),
      desired: toRun,
      observed: JSON.stringify(initialObservation(spec)),
      tags: JSON.stringify(task.tags),
      lastStatus: 'PROVISIONING',
      rank: String(taskStatusRank('PROVISIONING')),
      desiredStatus: 'RUNNING',
      service: spec.service?.name ?? '',
      request: spec.request?.id ?? '',
      cpu: String(spec.resources.cpu),
      memory: String(spec.resources.memory),
      ports: encodePorts(spec.resources.ports),
    },
  };
}

/** The fields of tasks alike that follow each other are one object, which a store may send once. */
export function encodeNewTasks(tasks: readonly { id: string; spec: TaskSpec; tags: Tags }[]): NewTask[] {
  let last: { spec: TaskSpec; tags: Tags; fields: Fields } | undefined;
  return tasks.map(({ id, spec, tags }) => {
    if (last?.spec === spec && last.tags === tags) return { id, fields: last.fields };
    const { fields } = encodeNewTask({ id, spec, tags });
    const isAlike = last && last.fields['doc'] === fields['doc'] && last.fields['tags'] === fields['tags'];
    last = { spec, tags, fields: isAlike && last ? last.fields : fields };
    return { id, fields: last.fields };
  });
}

export const encodeObservation = (task: string, observed: TaskObservation): StatusWrite => ({
  task,
  lastStatus: observed.lastStatus,
  rank: taskStatusRank(observed.lastStatus),
  health: observed.healthStatus,
  observed: JSON.stringify(observed),
});

export const initialObservation = (spec: TaskSpec): TaskObservation => ({
  lastStatus: 'PROVISIONING',
  healthStatus: 'UNKNOWN',
  containers: spec.containers.map(({ name }) => ({ name, lastStatus: 'PENDING', healthStatus: 'UNKNOWN', networkBindings: [] })),
});

/** `known`: the instance as it was before. Its registration changes with its sessions, its record with every placement. */
export const decodeInstance = (cluster: string, id: string, fields: Fields, known?: ContainerInstance): ContainerInstance => ({
  id,
  cluster,
  status: fields['status'] as ContainerInstance['status'],
  registration: decodeRegistration(fields, known?.registration),
  customAttributes: optionalJson(fields, 'attributes', {}),
  free: { cpu: number(fields, 'cpu'), memory: number(fields, 'memory'), usedPorts: new Set(decodePorts(fields['ports'])) },
  connected: fields['connected'] === '1',
  disconnectedAt: optionalNumber(fields, 'disconnectedAt'),
  session: fields['session'] ?? '',
  tags: tags(fields),
  version: number(fields, 'version'),
});

const registrationTexts = new WeakMap<InstanceRegistration, string>();

function decodeRegistration(fields: Fields, known: InstanceRegistration | undefined): InstanceRegistration {
  const text = fields['doc'] ?? 'null';
  if (known && registrationTexts.get(known) === text) return known;
  const registration = JSON.parse(text) as InstanceRegistration;
  if (registration) registrationTexts.set(registration, text);
  return registration;
}

/** `id` is `family:revision`. */
export function decodeTaskDefinition(id: string, fields: Fields): TaskDefinition {
  const colon = id.lastIndexOf(':');
  return {
    family: id.slice(0, colon),
    revision: Number(id.slice(colon + 1)),
    status: fields['status'] as TaskDefinition['status'],
    spec: json<TaskDefinitionSpec>(fields, 'doc'),
    deregisteredAt: optionalNumber(fields, 'deregisteredAt'),
    deleteRequestedAt: optionalNumber(fields, 'deleteRequestedAt'),
    tags: tags(fields),
    version: number(fields, 'version'),
  };
}

export const decodeJoinToken = (cluster: string, id: string, fields: Fields): JoinTokenRecord => ({
  id,
  cluster,
  ...json<Pick<JoinTokenRecord, 'uses' | 'createdAt'>>(fields, 'doc'),
  expiresAt: number(fields, 'expiresAt'),
  usesLeft: number(fields, 'usesLeft'),
  instance: fields['instance'] || undefined,
  attributes: optionalJson(fields, 'attributes', {}),
});

export const encodeJoinToken = (token: JoinTokenRecord, secretHash: string): Fields => ({
  doc: JSON.stringify({ uses: token.uses, createdAt: token.createdAt }),
  secretHash,
  expiresAt: String(token.expiresAt),
  usesLeft: String(token.usesLeft),
  instance: token.instance ?? '',
  attributes: JSON.stringify(token.attributes),
});

export const decodeEnrolment = (cluster: string, instance: string, fields: Fields): Enrolment => ({
  cluster,
  instance,
  token: fields['token'] ?? '',
  keyHash: fields['keyHash'] ?? '',
  enrolledAt: number(fields, 'enrolledAt'),
  attributes: optionalJson(fields, 'attributes', {}),
  certificates: optionalJson<IssuedCertificate[]>(fields, 'certificates', []),
  revokedAt: optionalNumber(fields, 'revokedAt'),
  version: number(fields, 'version'),
});
