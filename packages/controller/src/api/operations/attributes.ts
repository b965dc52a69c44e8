/** PutAttributes, DeleteAttributes, ListAttributes. The only targets are container instances. */
import type {
  Attribute,
  DeleteAttributesRequest,
  DeleteAttributesResponse,
  ListAttributesRequest,
  ListAttributesResponse,
  PutAttributesRequest,
  PutAttributesResponse,
} from '@aws-sdk/client-ecs';
import { containerInstanceArn } from '@mini-ecs/shared';
import { attributesOf, type Attributes } from '../../domain/container-instance.ts';
import type { ClusterView } from '../../projection/projection.ts';
import { decodeInstance } from '../../store/records.ts';
import { placementHint } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { limits, list, members, oneOf, text } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { activeClusterView, containerInstanceIdOf, quote } from '../references.ts';
import { renderAttributes } from '../views/container-instance-view.ts';

const mostCustomAttributes = 10;
/** How often a write is tried again when another one changed the same instance's attributes in between. */
const mostAttempts = 10;

const targetType = oneOf(['container-instance']);
const attributesCheck = list<Attribute>({
  least: 1,
  most: 10,
  each: members<Attribute>({
    name: text({
      least: 1,
      most: 128,
      pattern: /^[a-zA-Z0-9\-_/\\.]+$/,
      rule: 'letters, numbers, hyphens, underscores, slashes, back slashes and periods',
    }),
    value: text({
      least: 1,
      most: 128,
      pattern: /^(?! )[a-zA-Z0-9\-_.@/\\: ]+(?<! )$/,
      rule: 'letters, numbers, hyphens, underscores, periods, at signs, slashes, back slashes, colons and inner spaces',
    }),
    targetType,
  }),
});
const checkPut = limits<PutAttributesRequest>({ attributes: attributesCheck });
const checkDelete = limits<DeleteAttributesRequest>({ attributes: attributesCheck });
const checkList = limits<ListAttributesRequest>({ targetType });

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);
const targetNotFound = (id: string): ApiError =>
  new ApiError(
    'TargetNotFoundException',
    `The specified target ${quote(id)} was not found. Specify a container instance of the cluster.`,
  );

/** The attributes of a call by the instance that each is for, which must be there. */
function byTarget(attributes: readonly Attribute[], view: ClusterView): Map<string, Attribute[]> {
  const targets = new Map<string, Attribute[]>();
  for (const attribute of attributes) {
    const { targetId, targetType: type } = attribute;
    if (!targetId) throw invalid(`Attribute ${quote(attribute.name ?? '')} needs a targetId.`);
    if (type === undefined && !targetId.startsWith('arn:')) {
      throw invalid(`Attribute ${quote(attribute.name ?? '')} needs a targetType, since its targetId is not an ARN.`);
    }
    const id = containerInstanceIdOf(targetId, view.name);
    const instance = view.instances.get(id);
    if (!instance || instance.status === 'INACTIVE') throw targetNotFound(targetId);
    targets.set(id, [...(targets.get(id) ?? []), attribute]);
  }
  return targets;
}

/** Replaces the custom attributes of an instance by `change` of those that it has by then. */
async function changeAttributes(
  cluster: string,
  id: string,
  change: (attributes: Attributes) => Attributes,
  call: Call,
): Promise<void> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const [fields] = await call.store.read(cluster, 'instance', [id]);
    if (!fields || fields['status'] === 'INACTIVE') throw targetNotFound(id);
    const result = await call.store.put({
      partition: cluster,
      kind: 'instance',
      id,
      expect: { status: fields['status'] ?? null, attributes: fields['attributes'] ?? null },
      set: { attributes: JSON.stringify(change(decodeInstance(cluster, id, fields).customAttributes)) },
      hints: [placementHint],
    });
    if (result.ok) return;
  }
  throw new ApiError(
    'ServerException',
    `The attributes of container instance ${id} were changed by others all the time. Try again.`,
  );
}

const withAttributes =
  (added: readonly Attribute[]) =>
  (attributes: Attributes): Attributes => {
    const all = { ...attributes, ...Object.fromEntries(added.map(({ name, value }) => [name ?? '', value ?? null])) };
    const count = Object.keys(all).length;
    if (count > mostCustomAttributes) {
      throw new ApiError(
        'AttributeLimitExceededException',
        `A container instance can have at most ${mostCustomAttributes} custom attributes; these would be ${count}.`,
      );
    }
    return all;
  };

async function putAttributes(input: PutAttributesRequest, call: Call): Promise<PutAttributesResponse> {
  checkPut(input);
  const view = await activeClusterView(call, input.cluster);
  const targets = byTarget(input.attributes ?? [], view);
  // Looked at for all of them before the first is written, so that a call that breaks the limit changes nothing.
  for (const [id, added] of targets) withAttributes(added)(view.instances.get(id)?.customAttributes ?? {});
  for (const [id, added] of targets) await changeAttributes(view.name, id, withAttributes(added), call);
  return { attributes: rendered(targets, view.name, call) };
}

const rendered = (targets: ReadonlyMap<string, readonly Attribute[]>, cluster: string, call: Call): Attribute[] =>
  [...targets].flatMap(([id, attributes]) =>
    attributes.map(({ name, value }) => ({ name, value, targetId: containerInstanceArn(call.scope, cluster, id) })),
  );

/** Only custom attributes can go; those that the agent registered with come back with every session. */
async function deleteAttributes(input: DeleteAttributesRequest, call: Call): Promise<DeleteAttributesResponse> {
  checkDelete(input);
  const view = await activeClusterView(call, input.cluster);
  const targets = byTarget(input.attributes ?? [], view);
  const deleted = new Map<string, Attribute[]>();
  for (const [id, named] of targets) {
    const names = new Set(named.map(({ name }) => name));
    const remove = (attributes: Attributes): Attributes => {
      const pairs = Object.entries(attributes);
      deleted.set(id, renderAttributes(Object.fromEntries(pairs.filter(([name]) => names.has(name)))));
      return Object.fromEntries(pairs.filter(([name]) => !names.has(name)));
    };
    await changeAttributes(view.name, id, remove, call);
  }
  return { attributes: rendered(deleted, view.name, call) };
}

async function listAttributes(input: ListAttributesRequest, call: Call): Promise<ListAttributesResponse> {
  checkList(input);
  if (input.attributeValue !== undefined && input.attributeName === undefined) {
    throw invalid('attributeValue was given without an attributeName.');
  }
  const view = await activeClusterView(call, input.cluster);
  const isWanted = ({ name, value }: Attribute): boolean =>
    (input.attributeName === undefined || name === input.attributeName) &&
    (input.attributeValue === undefined || value === input.attributeValue);
  const wanted = [...view.instances.values()]
    .filter(({ status }) => status !== 'INACTIVE')
    .flatMap((instance) =>
      renderAttributes(attributesOf(instance))
        .filter(isWanted)
        .map((attribute) => ({ ...attribute, targetId: containerInstanceArn(call.scope, view.name, instance.id) })),
    );
  const page = pageOf('ListAttributes', input, wanted, { keyOf: ({ targetId, name }) => `${targetId} ${name}` });
  return { attributes: page.items, nextToken: page.nextToken };
}

export const attributeOperations = [
  operation('PutAttributes', putAttributes),
  operation('DeleteAttributes', deleteAttributes),
  operation('ListAttributes', listAttributes),
];
