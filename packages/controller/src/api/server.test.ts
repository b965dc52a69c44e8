import { DescribeClustersCommand, ListClustersCommand } from '@aws-sdk/client-ecs';
import test from 'ava';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiServerFixture, type RawAnswer } from '../../../../test/support/api-server.ts';
import { StoreUnavailableError, type Store } from '../store/store.ts';

let api: ApiServerFixture;
/** What the store does in place of reading, for one test. */
let readFault: (() => Promise<never>) | undefined;

const failing = (store: Store): Store =>
  new Proxy(store, {
    get(target, name) {
      if (name === 'read' && readFault) return readFault;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

test.before(async () => {
  api = await ApiServerFixture.start({ wrapStore: failing });
});
test.after.always(() => api?.close());

const refusal = ({ status, body }: RawAnswer): string => `${status} ${String(body['__type'])}: ${String(body['message'])}`;

test('every answer carries a request id, every error its type in body and header', async (t) => {
  const good = await api.call('ListClusters', {});
  t.is(good.status, 200);
  t.is(good.headers.get('content-type'), 'application/x-amz-json-1.1');
  t.regex(good.headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/);
  const bad = await api.call('DeleteCluster', { cluster: 'nowhere' });
  t.is(refusal(bad), '400 ClusterNotFoundException: Cluster not found.');
  t.is(bad.headers.get('x-amzn-errortype'), 'ClusterNotFoundException');
  t.not(bad.headers.get('x-amzn-requestid'), good.headers.get('x-amzn-requestid'));
});

test('malformed JSON is told', async (t) => {
  for (const body of ['{"cluster":', 'null x', '{"a":1,}', '\u0000']) {
    const answer = await api.call('ListClusters', undefined, { body });
    t.regex(refusal(answer), /^400 SerializationException: The request body is not valid JSON: /);
  }
  for (const body of ['[]', '"text"', '7', 'null']) {
    const answer = await api.call('ListClusters', undefined, { body });
    t.regex(refusal(answer), /^400 SerializationException: The request body: [A-Z_]+ can not be converted to a Structure$/);
  }
});

test('wrong types are told with their path and what was expected', async (t) => {
  const cases: [string, object, string][] = [
    ['CreateCluster', { clusterName: 7 }, 'clusterName: NUMBER_VALUE can not be converted to a String'],
    ['ListClusters', { maxResults: '10' }, 'maxResults: STRING_VALUE can not be converted to an Integer'],
    ['ListClusters', { maxResults: 1.5 }, 'maxResults: 1.5 can not be converted to an Integer (32 bits)'],
    ['CreateCluster', { tags: { a: 'b' } }, 'tags: START_OBJECT can not be converted to a List'],
    ['CreateCluster', { tags: [{ key: 'a' }, { key: true }] }, 'tags[1].key: TRUE_VALUE can not be converted to a String'],
    ['CreateCluster', { tags: [null] }, 'tags[0]: NULL_VALUE can not be converted to a Structure'],
    [
      'RegisterTaskDefinition',
      { family: 'web', containerDefinitions: [{ dockerLabels: { a: 1 } }] },
      'containerDefinitions[0].dockerLabels.a: NUMBER_VALUE can not be converted to a String',
    ],
  ];
  for (const [operation, input, message] of cases) {
    t.is(refusal(await api.call(operation, input)), `400 SerializationException: ${message}`);
  }
});

test('missing required members are told all at once, as the operation does it', async (t) => {
  t.is(
    refusal(await api.call('TagResource', {})),
    "400 InvalidParameterException: 2 validation errors detected: Value null at 'resourceArn' failed to satisfy constraint: Member must not be null; Value null at 'tags' failed to satisfy constraint: Member must not be null",
  );
  t.is(
    refusal(await api.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [{ ulimits: [{ name: 'core' }] }] })),
    "400 ClientException: 2 validation errors detected: Value null at 'containerDefinitions[0].ulimits[0].softLimit' failed to satisfy constraint: Member must not be null; Value null at 'containerDefinitions[0].ulimits[0].hardLimit' failed to satisfy constraint: Member must not be null",
  );
});

test('members that the operation does not have are ignored, nulls are absent', async (t) => {
  const answer = await api.call('ListClusters', { nonsense: { a: [1] }, maxResults: null, __proto__: { b: 1 } });
  t.is(answer.status, 200);
});

test('an operation that is unknown is told apart from one that is not built', async (t) => {
  t.is(refusal(await api.call('MakeCoffee', {})), '400 UnknownOperationException: Amazon ECS has no operation "MakeCoffee".');
  t.is(
    refusal(await api.call('CreateCapacityProvider', {})),
    '400 UnknownOperationException: CreateCapacityProvider is an operation of Amazon ECS that mini-ecs does not support yet.',
  );
});

test('a target that is missing or of another service is told', async (t) => {
  t.regex(refusal(await api.raw({ body: '{}' })), /^400 UnknownOperationException: The header X-Amz-Target is missing/);
  for (const target of ['Logs_20140328.PutLogEvents', 'ListClusters', '.', 'AmazonEC2ContainerServiceV20141113']) {
    t.regex(refusal(await api.call('', {}, { target })), /^400 UnknownOperationException: Nothing here serves X-Amz-Target /);
  }
});

test('other methods, paths and content types get a clear error', async (t) => {
  for (const [method, path] of [
    ['GET', '/'],
    ['PUT', '/'],
    ['POST', '/elsewhere'],
    ['GET', '/-/nothing?x=1'],
  ] as const) {
    const answer = await api.raw({ method, path });
    t.regex(refusal(answer), new RegExp(`^400 UnknownOperationException: Nothing answers ${method} /`));
    t.truthy(answer.headers.get('x-amzn-requestid'));
  }
  const form = await api.call('ListClusters', {}, { headers: { 'content-type': 'text/html' } });
  t.regex(refusal(form), /^400 SerializationException: The content type "text\/html" is not supported/);
  const odd = await api.call('ListClusters', {}, { headers: { 'content-type': ';;;' } });
  t.regex(refusal(odd), /^400 SerializationException: /);
  t.regex(refusal(await api.raw({ method: 'GET', path: '/%zz' })), /^400 /);
});

test('a body over the limit gets an answer, whatever its size', async (t) => {
  for (const megabytes of [1.5, 10]) {
    const body = Buffer.alloc(megabytes * 1024 * 1024, 'x');
    const answer = await api.call('ListClusters', undefined, { body });
    t.regex(
      refusal(answer),
      /^413 RequestEntityTooLargeException: The request body has \d+ bytes; the most that is taken is 1048576/,
    );
  }
  t.is((await api.call('ListClusters', {})).status, 200);
});

test('bytes that are no HTTP get an error and lose the connection', async (t) => {
  const socket = connect(api.server.port, '127.0.0.1');
  socket.write('this is no HTTP\r\n\r\n');
  const answer = await text(socket);
  t.regex(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.regex(answer, /"__type":"SerializationException"/);
});

test.serial('a store that is away is 503 with Retry-After, a bug is 500 without its insides', async (t) => {
  readFault = () => Promise.reject(new StoreUnavailableError('Redis at /secret/path does not answer'));
  const away = await api.call('DescribeClusters', {});
  readFault = () => Promise.reject(new TypeError('secret of the inside'));
  const bug = await api.call('DescribeClusters', {});
  readFault = undefined;
  t.is(refusal(away), '503 ServiceUnavailableException: The store cannot be reached at the moment. Try again shortly.');
  t.is(away.headers.get('retry-after'), '1');
  t.regex(refusal(bug), /^500 ServerException: An unexpected error occurred\./);
  t.false(JSON.stringify(bug.body).includes('secret'));
});

test('health is answered without a signature', async (t) => {
  const response = await fetch(`${api.server.url}/-/health`);
  t.is(response.status, 200);
  t.deepEqual(await response.json(), { status: 'ok', store: { reachable: true } });
});

test('answers carry the region of the caller', async (t) => {
  await api.call('CreateCluster', { clusterName: 'regional' });
  const elsewhere = api.client({ region: 'eu-central-1' });
  const { clusters } = await elsewhere.send(new DescribeClustersCommand({ clusters: ['regional'] }));
  elsewhere.destroy();
  t.is(clusters?.[0]?.clusterArn, 'arn:aws:ecs:eu-central-1:000000000000:cluster/regional');
});

test('closing answers what is under way', async (t) => {
  const own = await ApiServerFixture.start();
  await own.ecs.send(new ListClustersCommand({}));
  const closed = own.close().then(() => 'closed');
  t.is(await Promise.race([closed, delay(5_000, 'still open', { ref: false })]), 'closed');
});
