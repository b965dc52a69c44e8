/** One request of the fuzzer: what it calls, with what body, and how it is signed. Follows from seed and number, but for what is known by then. */
import fc from 'fast-check';
import { ecsService } from '../../packages/controller/src/api/aws-json-service.ts';
import { ecsOperations } from '../../packages/controller/src/api/operations/index.ts';
import { Dice } from '../simulation/dice.ts';
import { inputsOf } from '../support/schema-inputs.ts';
import type { Known } from './known-objects.ts';
import { mutated } from './mutations.ts';
import { routeRequest, type RouteRequest } from './route-requests.ts';
import { soundRequest } from './sound-requests.ts';

export const requestKinds = ['sound', 'mutated', 'schema', 'body', 'signature', 'http', 'route'] as const;
export type RequestKind = (typeof requestKinds)[number];

export type FuzzRequest =
  | { kind: Exclude<RequestKind, 'http' | 'route'>; target: string; body: Buffer; signing: Signing }
  | RouteRequest
  /** Bytes for a bare socket. */
  | { kind: 'http'; bytes: Buffer };

/** What is done to the headers of a signed request, by name; `sound` leaves them. */
export type Signing = keyof typeof signings;
type Headers = Record<string, string | number>;

const schemas = [...ecsService(ecsOperations).schemas];
const built = ecsOperations.map(({ name }) => name);

/** Of a thousand; the rest is sound. */
const share = { mutated: 250, schema: 130, body: 30, signature: 30, http: 20, route: 40 };

export function fuzzRequest(seed: number, number: number, known: Known): FuzzRequest {
  const dice = new Dice(seed).fork(String(number));
  const thrown = dice.below(1_000);
  let most = 0;
  const falls = (kind: keyof typeof share): boolean => thrown < (most += share[kind]);
  if (falls('mutated')) {
    const { operation, input } = soundRequest(dice, known);
    return call('mutated', operation, JSON.stringify(mutated(input, dice, known)));
  }
  if (falls('schema')) return schemaRequest(dice);
  if (falls('body')) return brokenBody(dice, known);
  if (falls('signature'))
    return { ...soundCall('signature', dice, known), signing: dice.pick(Object.keys(signings) as Signing[]) };
  if (falls('http')) return { kind: 'http', bytes: brokenHttp(dice) };
  if (falls('route')) return routeRequest(dice, known);
  return soundCall('sound', dice, known);
}

function soundCall(kind: 'sound' | 'signature', dice: Dice, known: Known): FuzzRequest & { kind: typeof kind } {
  const { operation, input } = soundRequest(dice, known);
  return call(kind, operation, JSON.stringify(input));
}

const call = <Kind extends Exclude<RequestKind, 'http' | 'route'>>(kind: Kind, operation: string, body: string | Buffer) => ({
  kind,
  target: `AmazonEC2ContainerServiceV20141113.${operation}`,
  body: Buffer.from(body),
  signing: 'sound' as const,
});

// ── shapes of the schemas ──

const samples = new Map<string, fc.Arbitrary<unknown>>();

/** Mostly of operations that are built, now and then of any other of the API or of none. */
function schemaRequest(dice: Dice): FuzzRequest {
  if (dice.chance(0.05))
    return {
      ...call('schema', 'RunTask', '{}'),
      target: dice.pick([
        '',
        'x',
        'RunTask',
        '.',
        'AmazonSSM.GetParameter',
        'AmazonEC2ContainerServiceV20141113.',
        'AmazonEC2ContainerServiceV20141113.__proto__',
      ]),
    };
  const operation = dice.chance(0.9) ? dice.pick(built) : dice.pick(schemas)[0];
  const schema = schemas.find(([name]) => name === operation)?.[1];
  const inputs = samples.get(operation) ?? inputsOf(schema?.[4]);
  samples.set(operation, inputs);
  const [input] = fc.sample(inputs, { numRuns: 1, seed: dice.below(2 ** 31) });
  return call('schema', operation, JSON.stringify(input) ?? '');
}

// ── bodies that are no input ──

function brokenBody(dice: Dice, known: Known): FuzzRequest {
  const { operation, input } = soundRequest(dice, known);
  const text = JSON.stringify(input);
  const body = dice.pick<() => string | Buffer>([
    () => '',
    () => text.slice(0, -1),
    () => `${text}${text}`,
    () => text.replaceAll('"', "'"),
    () => dice.pick(['null', '[]', '"text"', '0', 'NaN', 'undefined', '{', '{"a":', '\uFEFF{}', '{"cluster":"\\ud800"}']),
    () => '['.repeat(dice.pick([10, 50_000])),
    () => `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    () => `{"cluster":1${'0'.repeat(400)}}`,
    () => '{"cluster":"default","cluster":"other"}',
    () => '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    () => Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80, ...Buffer.from(text)]),
    () => Buffer.from(Array.from({ length: dice.pick([1, 100, 5_000]) }, () => dice.below(256))),
    () => (dice.chance(0.2) ? Buffer.alloc(11 * 1024 * 1024, 0x20) : ' '.repeat(100_000)),
  ])();
  return call('body', operation, body);
}

// ── signatures ──

const edit =
  (name: string, change: (value: string) => string): ((headers: Headers) => Headers) =>
  (headers) => ({ ...headers, [name]: change(String(headers[name] ?? '')) });

const without =
  (name: string): ((headers: Headers) => Headers) =>
  (headers) =>
    Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));

export const signings = {
  sound: (headers: Headers): Headers => headers,
  missing: without('authorization'),
  otherKey: edit('authorization', (value) => value.replace(/Credential=[^/]+/, 'Credential=AKIDNOBODY')),
  wrongSignature: edit('authorization', (value) => value.replace(/.{4}$/, (end) => (end === '0000' ? '1111' : '0000'))),
  shortSignature: edit('authorization', (value) => value.slice(0, -10)),
  otherService: edit('authorization', (value) => value.replace('/ecs/', '/s3/')),
  otherAlgorithm: edit('authorization', (value) => value.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')),
  noSignedHeaders: edit('authorization', (value) => value.replace(/SignedHeaders=[^,]+, /, '')),
  emptySignedHeaders: edit('authorization', (value) => value.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=;;;')),
  strangeSignedHeaders: edit('authorization', (value) => value.replace(/SignedHeaders=/, 'SignedHeaders=__proto__;constructor;')),
  garbage: edit('authorization', () => 'AWS4-HMAC-SHA256 ;;;===,,,'),
  basic: edit('authorization', () => 'Basic YWRtaW46YWRtaW4='),
  old: edit('x-amz-date', () => '20010101T000000Z'),
  future: edit('x-amz-date', () => '99991231T235959Z'),
  noDate: without('x-amz-date'),
  strangeDate: edit('x-amz-date', () => '00009999T999999Z'),
  otherTarget: edit('x-amz-target', () => 'AmazonEC2ContainerServiceV20141113.DeleteCluster'),
  otherHost: edit('host', () => 'elsewhere.example'),
  payloadHash: (headers: Headers): Headers => ({ ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
  contentType: edit('content-type', () => 'text/xml; charset=\u00e9'),
} as const;

// ── HTTP ──

function brokenHttp(dice: Dice): Buffer {
  const line = dice.pick([
    'POST / HTTP/1.1',
    'GET / HTTP/1.1',
    'POST / HTTP/9.9',
    'POST /../../etc/passwd HTTP/1.1',
    'POST //[ HTTP/1.1',
    'POST /%ff%00 HTTP/1.1',
    'POST http://[::1 HTTP/1.1',
    'GET /-/logs/%00?task=../..&follow=maybe HTTP/1.1',
    'GET /-/health HTTP/1.1',
    'GET /-/../-/health?%zz HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'PROPFIND / HTTP/1.1',
    `GET /${'a'.repeat(20_000)} HTTP/1.1`,
    'PRI * HTTP/2.0',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000',
    '',
  ]);
  const headers = Array.from({ length: dice.whole(0, 4) }, () =>
    dice.pick([
      'host: a',
      'host: a\r\nhost: b',
      'content-length: 5',
      'content-length: -1',
      'content-length: 99999999999999999999',
      'content-length: 3\r\ncontent-length: 4',
      'transfer-encoding: chunked',
      'transfer-encoding: chunked\r\ncontent-length: 3',
      'transfer-encoding: gzip, identity',
      'expect: 100-continue',
      'upgrade: h2c\r\nconnection: upgrade',
      'content-encoding: gzip',
      'x-amz-target: AmazonEC2ContainerServiceV20141113.RunTask',
      `x-long: ${'y'.repeat(30_000)}`,
      'bad header',
      ': empty',
      'x\u0000y: z',
      `authorization: AWS4-HMAC-SHA256 Credential=${'/'.repeat(500)}`,
    ]),
  );
  const body = dice.pick(['', '{}', '5\r\nhello\r\n0\r\n\r\n', 'ffffffffffffffff\r\nx', 'zz\r\n', '\u0000'.repeat(100)]);
  return Buffer.from([line, ...headers, '', body].join(dice.chance(0.9) ? '\r\n' : '\n'), 'latin1');
}
