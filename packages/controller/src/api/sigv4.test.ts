import { ListClustersCommand } from '@aws-sdk/client-ecs';
import test from 'ava';
import { accessKey, ApiServerFixture, type RawAnswer, type RawCall } from '../../../../test/support/api-server.ts';
import { authenticate } from './sigv4.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
});
test.after.always(() => api?.close());

const refusal = ({ status, body }: RawAnswer): string => `${status} ${String(body['__type'])}: ${String(body['message'])}`;
const call = async (options: RawCall): Promise<string> => refusal(await api.call('ListClusters', {}, options));
const minutesFromNow = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

const mismatch =
  /^400 InvalidSignatureException: The request signature we calculated does not match the signature you provided\./;

test('the SDK is let in, in any region', async (t) => {
  for (const region of ['us-east-1', 'eu-west-3', 'home']) {
    const client = api.client({ region });
    await t.notThrowsAsync(client.send(new ListClustersCommand({})));
    client.destroy();
  }
});

test('an unsigned call is refused', async (t) => {
  const unsigned = (request: { headers: Record<string, string> }): void => void delete request.headers['authorization'];
  t.is(await call({ tamper: unsigned }), '400 MissingAuthenticationTokenException: Request is missing Authentication Token');
});

test('an unknown key is refused', async (t) => {
  const signedWith = { accessKeyId: 'AKIDOTHER', secretAccessKey: accessKey.secretAccessKey };
  t.is(await call({ signedWith }), '400 UnrecognizedClientException: The security token included in the request is invalid.');
});

test('a wrong secret is refused', async (t) => {
  t.regex(await call({ signedWith: { ...accessKey, secretAccessKey: 'guess' } }), mismatch);
});

test('what was altered after it was signed is refused', async (t) => {
  t.regex(await call({ tamper: (request) => (request.body = '{"maxResults":1}') }), mismatch);
  const ofBody = async (): Promise<string> =>
    call({
      tamper(request) {
        request.body = '{"maxResults":1}';
        delete request.headers['x-amz-content-sha256'];
      },
    });
  t.regex(await ofBody(), mismatch);
  const ofTarget = (request: { headers: Record<string, string> }): void => {
    request.headers['x-amz-target'] = 'AmazonEC2ContainerServiceV20141113.DescribeClusters';
  };
  t.regex(await call({ tamper: ofTarget }), mismatch);
  for (const digit of [0, 31, 63]) {
    t.regex(await call({ tamper: (request) => alterSignature(request, digit) }), mismatch, `digit ${digit} of the signature`);
  }
});

/** Gives one digit another value. A fixed one would now and then be the right one. */
function alterSignature({ headers }: { headers: Record<string, string> }, digit: number): void {
  const [before = '', signature = ''] = headers['authorization']?.split('Signature=') ?? [];
  const altered = signature[digit] === '0' ? '1' : '0';
  headers['authorization'] = `${before}Signature=${signature.slice(0, digit)}${altered}${signature.slice(digit + 1)}`;
}

test('signed headers that were not sent are refused, whatever their names', async (t) => {
  for (const name of ['x-absent', 'constructor', '__proto__', 'tostring']) {
    const tamper = (request: { headers: Record<string, string> }): void => {
      const authorization = request.headers['authorization'] ?? '';
      request.headers['authorization'] = authorization.replace('SignedHeaders=', `SignedHeaders=${name};`);
    };
    t.regex(await call({ tamper }), mismatch);
  }
});

test('a target that the signature does not cover is refused', async (t) => {
  const answer = await api.raw({
    body: '{}',
    tamper: (request) => (request.headers['x-amz-target'] = 'AmazonEC2ContainerServiceV20141113.ListClusters'),
  });
  t.regex(refusal(answer), mismatch);
});

test('a clock off by more than five minutes is told, either way', async (t) => {
  t.is((await api.call('ListClusters', {}, { signedAt: minutesFromNow(-4) })).status, 200);
  t.is((await api.call('ListClusters', {}, { signedAt: minutesFromNow(4) })).status, 200);
  t.regex(
    await call({ signedAt: minutesFromNow(-6) }),
    /^400 InvalidSignatureException: Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
  );
  t.regex(
    await call({ signedAt: minutesFromNow(6) }),
    /^400 InvalidSignatureException: Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
  );
});

test('a signature for another service is refused', async (t) => {
  t.is(await call({ service: 's3' }), "400 InvalidSignatureException: Credential should be scoped to correct service: 'ecs'.");
});

test('an Authorization header that lacks something is told', async (t) => {
  const given = (authorization: string) => (request: { headers: Record<string, string> }) => {
    request.headers['authorization'] = authorization;
  };
  t.regex(
    await call({ tamper: given('Bearer abc') }),
    /^400 IncompleteSignatureException: Unsupported AWS 'algorithm': 'Bearer'/,
  );
  t.regex(await call({ tamper: given('AWS4-HMAC-SHA256') }), /^400 IncompleteSignatureException: .*'Credential'/);
  const scope = 'AWS4-HMAC-SHA256 Credential=AKIDTEST/20260101/us-east-1/ecs/aws4_request';
  t.regex(await call({ tamper: given(scope) }), /^400 IncompleteSignatureException: .*'Signature'/);
  const signature = `${scope}, Signature=${'0'.repeat(64)}`;
  t.regex(await call({ tamper: given(signature) }), /^400 IncompleteSignatureException: .*'SignedHeaders'/);
  const undated = `${signature}, SignedHeaders=host`;
  t.regex(await call({ tamper: given(undated) }), /^400 IncompleteSignatureException: .*'X-Amz-Date'/);
});

/** What a signed request is answered when another path and query are sent in its place. */
const alteredPath = async (method: 'GET' | 'DELETE', path: string, sent: string): Promise<string> =>
  refusal(await api.raw({ method, path, tamper: (request) => (request.path = sent) }));

test('a query string is part of what is signed', async (t) => {
  const answer = await api.raw({ method: 'GET', path: '/-/logs?task=a%20b&cluster=x%2Fy&task=z' });
  t.not(answer.body['__type'], 'InvalidSignatureException');
  t.regex(
    await alteredPath('GET', '/-/tokens?a=1', '/-/tokens?a=%31'),
    /ClusterNotFoundException/,
    'the same, otherwise written',
  );
  for (const altered of ['?a=2', '?a=1&cluster=other', '?A=1', '']) {
    t.regex(await alteredPath('GET', '/-/tokens?a=1', `/-/tokens${altered}`), mismatch, altered);
  }
});

test('a path that the router reads otherwise than it is signed is refused', async (t) => {
  t.regex(await alteredPath('GET', '/-/tokens', '/-/tokens#cluster=other'), mismatch);
  t.regex(await alteredPath('DELETE', '/-/tokens/abc', '/-/tokens/abc#cluster=other'), mismatch);
  t.regex(await alteredPath('DELETE', '/-/tokens/abc', '/-/tokens/abc?#cluster=other'), mismatch);
  t.regex(await alteredPath('DELETE', '/-/tokens/', '/-/tokens/.'), mismatch);
});

test('a signed header of another value is refused', async (t) => {
  t.regex(await call({ tamper: ({ headers }) => (headers['host'] = 'elsewhere.example') }), mismatch);
  // Seconds apart, and of the same day at any time of it: another day is refused for its scope.
  const seconds = ({ headers }: { headers: Record<string, string> }): void => {
    headers['x-amz-date'] = (headers['x-amz-date'] ?? '').replace(/\dZ$/, (last) => `${9 - Number(last[0])}Z`);
  };
  t.regex(await call({ tamper: seconds }), mismatch);
});

test('an Authorization header of any length is refused in no time', async (t) => {
  const given = (authorization: string): Promise<string> =>
    call({ tamper: ({ headers }) => (headers['authorization'] = authorization) });
  const long = `AWS4-HMAC-SHA256 ${'Credential='.repeat(1_300)}`;
  t.regex(await given(long), /^400 IncompleteSignatureException: .* at most 4096\.$/);
  t.regex(await given(long.slice(0, 4_096)), /^400 IncompleteSignatureException: .*'Credential'/);

  const request = { method: 'POST', url: '/', headers: { authorization: long }, body: Buffer.alloc(0) };
  const knownToNobody = { find: async () => undefined };
  const before = process.cpuUsage();
  for (let calls = 0; calls < 100; calls += 1) {
    await t.throwsAsync(authenticate(request, { credentials: knownToNobody, service: 'ecs', now: Date.now() }));
  }
  const { user, system } = process.cpuUsage(before);
  t.true(user + system < 1_000_000, 'µs, a hundred of them; read with a pattern they took 4 s');
});
