/**
 * Task definitions: RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions, ListTaskDefinitionFamilies,
 * DeregisterTaskDefinition, DeleteTaskDefinitions.
 */
import {
  SortOrder,
  TaskDefinitionFamilyStatus,
  TaskDefinitionField,
  TaskDefinitionStatus,
  type DeleteTaskDefinitionsRequest,
  type DeleteTaskDefinitionsResponse,
  type DeregisterTaskDefinitionRequest,
  type DeregisterTaskDefinitionResponse,
  type DescribeTaskDefinitionRequest,
  type DescribeTaskDefinitionResponse,
  type Failure,
  type ListTaskDefinitionFamiliesRequest,
  type ListTaskDefinitionFamiliesResponse,
  type ListTaskDefinitionsRequest,
  type ListTaskDefinitionsResponse,
  type RegisterTaskDefinitionRequest,
  type RegisterTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { taskDefinitionArn } from '@mini-ecs/shared';
import { taskDefinitionId, type TaskDefinition, type TaskDefinitionSpec } from '../../domain/task-definition.ts';
import type { GlobalView } from '../../projection/projection.ts';
import { decodeTaskDefinition } from '../../store/records.ts';
import { globalPartition, type Fields } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { failure, missing } from '../failures.ts';
import { limits, list, oneOf } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { findTaskDefinition, taskDefinitionReferenceOf } from '../references.ts';
import { renderTags, tagsOf } from '../tags.ts';
import { updateRecord, type RecordChange } from '../update-record.ts';
import { arnOf, renderTaskDefinition } from '../views/task-definition-view.ts';
import { checkTaskDefinition } from './task-definition-checks.ts';
import { withDefaults } from './task-definition-defaults.ts';

const notFound = (): ApiError => new ApiError('ClientException', 'Unable to describe task definition.');

// ── RegisterTaskDefinition, DescribeTaskDefinition ──

async function registerTaskDefinition(input: RegisterTaskDefinitionRequest, call: Call): Promise<RegisterTaskDefinitionResponse> {
  checkTaskDefinition(input);
  const family = input.family ?? '';
  const tags = tagsOf(input.tags);
  const spec: TaskDefinitionSpec = {
    request: withDefaults(input),
    registeredAt: call.clock.now(),
    registeredBy: call.principalArn,
  };
  const fields: Fields = { doc: JSON.stringify(spec), status: 'ACTIVE', tags: JSON.stringify(tags) };
  const { revision } = await call.store.registerTaskDefinition({ family, fields });
  const definition = decodeTaskDefinition(taskDefinitionId(family, revision), fields);
  return { taskDefinition: renderTaskDefinition(definition, call.scope), tags: renderTags(tags) };
}

const checkDescribe = limits<DescribeTaskDefinitionRequest>({
  include: list({ each: oneOf(Object.values(TaskDefinitionField)) }),
});

async function describeTaskDefinition(input: DescribeTaskDefinitionRequest, call: Call): Promise<DescribeTaskDefinitionResponse> {
  checkDescribe(input);
  const definition = await findTaskDefinition(call, input.taskDefinition ?? '');
  if (!definition) throw notFound();
  return {
    taskDefinition: renderTaskDefinition(definition, call.scope),
    tags: input.include?.includes('TAGS') ? renderTags(definition.tags) : [],
  };
}

// ── ListTaskDefinitions, ListTaskDefinitionFamilies ──

const checkList = limits<ListTaskDefinitionsRequest>({
  status: oneOf(Object.values(TaskDefinitionStatus)),
  sort: oneOf(Object.values(SortOrder)),
});

/** Family names in order, and within one its revisions by number. */
const orderKey = ({ family, revision }: TaskDefinition): string => `${family}\u0000${String(revision).padStart(10, '0')}`;

/** `familyPrefix` is a whole family name here, as on ECS. */
async function listTaskDefinitions(input: ListTaskDefinitionsRequest, call: Call): Promise<ListTaskDefinitionsResponse> {
  checkList(input);
  const { status = 'ACTIVE', familyPrefix, sort } = input;
  const global = await call.projections.currentGlobal();
  const all = familyPrefix === undefined ? [...global.taskDefinitions.values()] : global.revisionsOf(familyPrefix);
  const listed = all.filter((definition) => definition.status === status);
  const page = pageOf('ListTaskDefinitions', input, listed, { keyOf: orderKey, descending: sort === 'DESC' });
  return { taskDefinitionArns: page.items.map((definition) => arnOf(definition, call.scope)), nextToken: page.nextToken };
}

const checkListFamilies = limits<ListTaskDefinitionFamiliesRequest>({
  status: oneOf(Object.values(TaskDefinitionFamilyStatus)),
});

async function listTaskDefinitionFamilies(
  input: ListTaskDefinitionFamiliesRequest,
  call: Call,
): Promise<ListTaskDefinitionFamiliesResponse> {
  checkListFamilies(input);
  const { status = 'ALL', familyPrefix = '' } = input;
  const global = await call.projections.currentGlobal();
  const listed = [...global.families()].filter((family) => {
    const familyStatus = familyStatusOf(global, family);
    return family.startsWith(familyPrefix) && familyStatus !== undefined && (status === 'ALL' || status === familyStatus);
  });
  const page = pageOf('ListTaskDefinitionFamilies', input, listed, { keyOf: (family) => family });
  return { families: page.items, nextToken: page.nextToken };
}

/** ACTIVE with any ACTIVE revision; undefined: all that is left of it is being deleted. */
function familyStatusOf(global: GlobalView, family: string): 'ACTIVE' | 'INACTIVE' | undefined {
  const statuses = new Set(global.revisionsOf(family).map(({ status }) => status));
  if (statuses.has('ACTIVE')) return 'ACTIVE';
  return statuses.has('INACTIVE') ? 'INACTIVE' : undefined;
}

// ── DeregisterTaskDefinition, DeleteTaskDefinitions ──

/** What runs goes on, services keep it; nothing new is made of it. Doing it again changes nothing. */
async function deregisterTaskDefinition(
  input: DeregisterTaskDefinitionRequest,
  call: Call,
): Promise<DeregisterTaskDefinitionResponse> {
  const id = revisionId(input.taskDefinition ?? '');
  const fields = await changeTaskDefinition(id, call, (current) =>
    current?.['status'] === 'ACTIVE' ? { status: 'INACTIVE', deregisteredAt: String(call.clock.now()) } : undefined,
  );
  if (!fields) throw notFound();
  return { taskDefinition: renderTaskDefinition(decodeTaskDefinition(id, fields), call.scope) };
}

/** `family:revision`; a bare family is refused where a revision must be named. */
function revisionId(reference: string): string {
  const { family, revision } = taskDefinitionReferenceOf(reference);
  if (revision === undefined) throw new ApiError('ClientException', `A revision must be specified: ${family}:<revision>.`);
  return taskDefinitionId(family, revision);
}

const changeTaskDefinition = (id: string, call: Call, change: RecordChange): Promise<Fields | undefined> =>
  updateRecord(call.store, { partition: globalPartition, kind: 'task-definition', id }, change);

const checkDelete = limits<DeleteTaskDefinitionsRequest>({ taskDefinitions: list({ least: 1, most: 10 }) });

/** Those INACTIVE become DELETE_IN_PROGRESS; each other one is a failure. */
async function deleteTaskDefinitions(input: DeleteTaskDefinitionsRequest, call: Call): Promise<DeleteTaskDefinitionsResponse> {
  checkDelete(input);
  const ids = [...new Set((input.taskDefinitions ?? []).map(revisionId))];
  const outcomes = await Promise.all(ids.map((id) => deleteTaskDefinition(id, call)));
  return {
    taskDefinitions: outcomes.flatMap((outcome) =>
      'deleted' in outcome ? [renderTaskDefinition(outcome.deleted, call.scope)] : [],
    ),
    failures: outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure] : [])),
  };
}

async function deleteTaskDefinition(id: string, call: Call): Promise<{ deleted: TaskDefinition } | { failure: Failure }> {
  const fields = await changeTaskDefinition(id, call, (current) =>
    current?.['status'] === 'INACTIVE'
      ? { status: 'DELETE_IN_PROGRESS', deleteRequestedAt: String(call.clock.now()) }
      : undefined,
  );
  const arn = taskDefinitionArn(call.scope, id);
  if (!fields) return { failure: missing(arn) };
  const definition = decodeTaskDefinition(id, fields);
  return definition.status === 'ACTIVE' ? { failure: failure(arn, stillActive) } : { deleted: definition };
}

const stillActive = 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';

export const taskDefinitionOperations = [
  operation('RegisterTaskDefinition', registerTaskDefinition),
  operation('DescribeTaskDefinition', describeTaskDefinition),
  operation('ListTaskDefinitions', listTaskDefinitions),
  operation('ListTaskDefinitionFamilies', listTaskDefinitionFamilies),
  operation('DeregisterTaskDefinition', deregisterTaskDefinition),
  operation('DeleteTaskDefinitions', deleteTaskDefinitions),
];
