/** TagResource, UntagResource, ListTagsForResource: for every resource that has an ARN. */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  TagResourceRequest,
  TagResourceResponse,
  UntagResourceRequest,
  UntagResourceResponse,
} from '@aws-sdk/client-ecs';
import type { Tags } from '../../domain/tag.ts';
import { globalPartition, type Fields } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { operation, type Call } from '../operation.ts';
import { clusterNotFound, resourceOf } from '../references.ts';
import { checkTagKeys, mergeTags, renderTags, tagsOf, withoutTags } from '../tags.ts';
import { updateRecord, type RecordKey } from '../update-record.ts';

/** What an ARN names, and how it is called in messages. */
interface TaggedResource {
  key: RecordKey;
  title: string;
}

function taggedResourceOf(arn: string | undefined): TaggedResource {
  const resource = resourceOf(arn ?? '');
  switch (resource.kind) {
    case 'cluster':
      return { key: { partition: resource.cluster, kind: 'cluster', id: resource.cluster }, title: 'cluster' };
    case 'service':
      return { key: { partition: resource.cluster, kind: 'service', id: resource.id }, title: 'service' };
    case 'task':
      return { key: { partition: resource.cluster, kind: 'task', id: resource.id }, title: 'task' };
    case 'container-instance':
      return { key: { partition: resource.cluster, kind: 'instance', id: resource.id }, title: 'container instance' };
    case 'task-definition':
      return { key: { partition: globalPartition, kind: 'task-definition', id: resource.id }, title: 'task definition' };
  }
}

/** A deleted task definition keeps its tags readable and changeable on ECS; clusters and services that are INACTIVE do not. */
const endsInactive = new Set(['cluster', 'service']);

function tagsIn(fields: Fields | undefined, { key, title }: TaggedResource): Tags {
  if (!fields) {
    if (key.kind === 'cluster') throw clusterNotFound();
    throw new ApiError('ResourceNotFoundException', `The specified ${title} was not found.`);
  }
  if (endsInactive.has(key.kind) && fields['status'] === 'INACTIVE') {
    throw new ApiError(
      'InvalidParameterException',
      `The specified ${title} is inactive. Specify an active ${title} and try again.`,
    );
  }
  return fields['tags'] ? (JSON.parse(fields['tags']) as Tags) : {};
}

async function changeTags(resource: TaggedResource, call: Call, change: (tags: Tags) => Tags): Promise<void> {
  await updateRecord(call.store, resource.key, (fields) => ({ tags: JSON.stringify(change(tagsIn(fields, resource))) }));
}

async function tagResource(input: TagResourceRequest, call: Call): Promise<TagResourceResponse> {
  const resource = taggedResourceOf(input.resourceArn);
  const added = tagsOf(input.tags);
  await changeTags(resource, call, (tags) => mergeTags(tags, added));
  return {};
}

async function untagResource(input: UntagResourceRequest, call: Call): Promise<UntagResourceResponse> {
  const resource = taggedResourceOf(input.resourceArn);
  const keys = input.tagKeys ?? [];
  checkTagKeys(keys);
  await changeTags(resource, call, (tags) => withoutTags(tags, keys));
  return {};
}

async function listTagsForResource(input: ListTagsForResourceRequest, call: Call): Promise<ListTagsForResourceResponse> {
  const resource = taggedResourceOf(input.resourceArn);
  const { partition, kind, id } = resource.key;
  const [fields] = await call.store.read(partition, kind, [id]);
  return { tags: renderTags(tagsIn(fields, resource)) };
}

export const tagOperations = [
  operation('TagResource', tagResource),
  operation('UntagResource', untagResource),
  operation('ListTagsForResource', listTagsForResource),
];
