import { newId, parseJoinToken, sha256 } from '@mini-ecs/shared';
import test from 'ava';
import { ApiServerFixture, type RawAnswer } from '../../../../test/support/api-server.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
  await api.call('CreateCluster', {});
});
test.after.always(() => api?.close());

const create = (wishes: object): Promise<RawAnswer> => api.raw({ path: '/-/tokens', body: JSON.stringify(wishes) });
const refusal = ({ status, body }: RawAnswer): string => `${status} ${String(body['__type'])}: ${String(body['message'])}`;
const rows = (answer: RawAnswer, member: string): Record<string, unknown>[] => answer.body[member] as Record<string, unknown>[];

test('a token is told whole this once; the store has but a hash of its secret', async (t) => {
  const { status, body } = await create({ ttlSeconds: 60, uses: 3, attributes: { rack: 'r1' } });
  t.is(status, 200);
  const token = parseJoinToken(String(body['token']));
  t.like(token, { id: body['id'], fingerprint: 'f'.repeat(64) });
  t.like(body, { cluster: 'default', status: 'VALID', uses: 3, usesLeft: 3, attributes: { rack: 'r1' } });
  t.is(Date.parse(String(body['expiresAt'])) - Date.parse(String(body['createdAt'])), 60_000);
  const [fields] = await api.store.read('default', 'join-token', [token?.id ?? '']);
  t.is(fields?.['secretHash'], sha256(token?.secret ?? ''));
  t.false(JSON.stringify(fields).includes(token?.secret ?? ''));
  const listed = rows(await api.raw({ method: 'GET', path: '/-/tokens' }), 'tokens').find(({ id }) => id === token?.id);
  t.like(listed, { usesLeft: 3, status: 'VALID' });
  t.false(JSON.stringify(listed).includes(token?.secret ?? ''));
});

test('without wishes a token is for one host and an hour', async (t) => {
  const { body } = await create({});
  t.like(body, { uses: 1, cluster: 'default', attributes: {} });
  t.is(Date.parse(String(body['expiresAt'])) - Date.parse(String(body['createdAt'])), 3_600_000);
});

test('a revoked token is gone', async (t) => {
  const { body } = await create({});
  const path = `/-/tokens/${String(body['id'])}`;
  t.is((await api.raw({ method: 'DELETE', path })).status, 200);
  t.regex(refusal(await api.raw({ method: 'DELETE', path })), /400 ResourceNotFoundException: There is no join token/);
});

test('wishes that cannot be are refused by name', async (t) => {
  const refused = async (wishes: object, words: RegExp) => t.regex(refusal(await create(wishes)), words);
  await refused({ uses: 0 }, /400 InvalidParameterException: uses must/);
  await refused({ uses: 1.5 }, /uses must/);
  await refused({ ttlSeconds: 0 }, /ttlSeconds must/);
  await refused({ ttlSeconds: '60' }, /ttlSeconds must/);
  await refused({ attributes: ['a'] }, /attributes must/);
  await refused({ attributes: { 'no spaces': 'x' } }, /attributes must/);
  await refused({ attributes: { rack: 7 } }, /attributes must/);
  await refused({ cluster: 'nowhere' }, /400 ClusterNotFoundException/);
  await refused({ instance: 'not an id' }, /400 InvalidParameterException: Invalid container-instance identifier/);
  t.regex(refusal(await api.raw({ path: '/-/tokens', body: '[]' })), /400 SerializationException/);
  t.regex(refusal(await api.raw({ path: '/-/tokens', body: '{' })), /400 SerializationException/);
});

test('a parameter that is given twice is refused by name', async (t) => {
  const routes = [
    { method: 'GET', path: '/-/tokens' },
    { method: 'DELETE', path: `/-/tokens/${'0'.repeat(16)}` },
    { method: 'GET', path: '/-/certificates' },
    { method: 'DELETE', path: `/-/certificates/${newId()}` },
  ];
  for (const { method, path } of routes) {
    const answer = await api.raw({ method, path: `${path}?cluster=default&cluster=other` });
    t.is(refusal(answer), '400 InvalidParameterException: cluster must be given once in the query.', `${method} ${path}`);
  }
});

test('neither tokens nor certificates are had without a good signature', async (t) => {
  const routes = [
    { method: 'POST', path: '/-/tokens', body: '{}' },
    { method: 'GET', path: '/-/tokens' },
    { method: 'DELETE', path: `/-/tokens/${'0'.repeat(16)}` },
    { method: 'GET', path: '/-/certificates' },
    { method: 'DELETE', path: `/-/certificates/${newId()}` },
  ];
  for (const route of routes) {
    const unsigned = await fetch(new URL(route.path, api.server.url), { method: route.method });
    t.is(unsigned.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException', route.path);
    const { body } = await api.raw({ ...route, signedWith: { accessKeyId: 'AKIDTEST', secretAccessKey: 'guessed' } });
    t.is(body['__type'], 'InvalidSignatureException', route.path);
  }
});

test('certificates are listed, and revoked by instance or serial, once for all', async (t) => {
  const [instance, serial] = [newId(), 'ab12'];
  const certificates = JSON.stringify([{ serial, issuedAt: 1_000, expiresAt: Date.now() + 60_000 }]);
  const set = { token: 't', keyHash: 'k', enrolledAt: '1000', attributes: '{}', certificates };
  for (const id of [instance, newId()]) {
    await api.store.put({ partition: 'default', kind: 'enrolment', id, expect: 'absent', set });
  }
  const own = async () =>
    rows(await api.raw({ method: 'GET', path: '/-/certificates' }), 'certificates').find((each) => each['instance'] === instance);
  t.like(await own(), { serial, status: 'VALID', issuedAt: '1970-01-01T00:00:01.000Z' });
  const revoked = await api.raw({ method: 'DELETE', path: `/-/certificates/${instance}` });
  t.like(revoked.body, { instance, status: 'REVOKED' });
  const again = await api.raw({ method: 'DELETE', path: `/-/certificates/${instance}` });
  t.is(again.body['revokedAt'], revoked.body['revokedAt']);
  t.is((await own())?.['status'], 'REVOKED');
  t.is((await api.raw({ method: 'DELETE', path: '/-/certificates/AB12' })).status, 200);
  t.regex(refusal(await api.raw({ method: 'DELETE', path: '/-/certificates/cd34' })), /400 ResourceNotFoundException/);
});
