/** Sends what the fuzzer made and sorts what comes back. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { ClientSettings } from 'mini-ecs';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FleetCluster } from '../support/fleet-cluster.ts';
import type { HttpAnswer } from '../support/light-ecs-client.ts';
import { signings, type FuzzRequest } from './fuzz-request.ts';
import type { RouteRequest } from './route-requests.ts';

export interface Outcome {
  /** 0: the controller closed the connection without an answer, as it may on bytes that are no HTTP. */
  status: number;
  /** `__type` of an error; '' of a success. */
  code: string;
  /** Of a success. */
  answer?: unknown;
  /** What an answer must not be: no JSON, an error without a name or message. */
  flaw?: string;
}

/** Whom it is sent to. */
type Controller = Pick<FleetCluster, 'client' | 'settings' | 'apiPort'>;

/** Longer than the controller may take to answer (30 s). */
const patienceMs = 45_000;

/** Rejects when no answer comes. */
export async function send(request: FuzzRequest, { client, settings, apiPort }: Controller): Promise<Outcome> {
  if (request.kind === 'http') return sendBytes(request.bytes, apiPort);
  if (request.kind === 'route') return withPatience(sendRoute(request, settings));
  const { body } = request;
  const headers = signings[request.signing](client.signedHeaders(request.target, body));
  const { status, text } = await withPatience(client.send(headers, body).catch(again));
  return sorted(status, text);

  /** A connection kept open may be closed by its other end at the very moment of a request; a fresh one shows whose fault it was. */
  async function again(error: NodeJS.ErrnoException): Promise<HttpAnswer> {
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
    return client.send(headers, body);
  }
}

/** A log counts as soon as it begins: it may break off, and one that an agent has promised may never come. */
async function sendRoute(route: RouteRequest, { endpoint, region, ...credentials }: ClientSettings): Promise<Outcome> {
  const { method, path, query, body, unsigned } = route;
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ credentials, region, service: 'ecs', sha256: Sha256 });
  const { headers } = await signer.sign({ method, protocol: 'http:', hostname, path, query, headers: { host }, body });
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each]));
  const target = `${path}?${new URLSearchParams(pairs).toString()}${unsigned}`;
  const sending = httpRequest({ hostname, port, method, path: target, headers });
  sending.end(body);
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  const status = answer.statusCode ?? 0;
  if (status === 200 && answer.headers['content-type']?.startsWith('text/plain')) {
    answer.destroy();
    return { status, code: '' };
  }
  return sorted(status, await text(answer));
}

function sorted(status: number, text: string): Outcome {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return { status, code: '', flaw: `no JSON: ${text.slice(0, 200)}` };
  }
  if (status === 200) return { status, code: '', answer };
  const { __type: code = '', message = '' } = answer as { __type?: string; message?: string };
  const isClear = /^[A-Z][A-Za-z]+$/.test(code) && message !== '';
  return { status, code, ...(isClear ? {} : { flaw: `an unclear error: ${text.slice(0, 200)}` }) };
}

/** Waits for the first of an answer, the end of the connection and a second of silence: some of these never end by themselves. */
function sendBytes(bytes: Buffer, port: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const done = (): void => {
      socket.destroy();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);
      const code = /x-amzn-errortype: (\w+)/i.exec(received)?.[1] ?? '';
      resolve({ status, code });
    };
    socket.setTimeout(1_000, done);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      done();
    });
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? reject(error) : done()));
    socket.write(bytes);
  });
}

async function withPatience<T>(answering: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([answering, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
