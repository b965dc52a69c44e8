/** The API's server over a store in memory, and the clients that tests speak to it with: the SDK, signed and raw HTTP. */
import { ECSClient } from '@aws-sdk/client-ecs';
import { newDeploymentId, newId, newUuid, silentLogger, systemClock } from '@mini-ecs/shared';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '@aws-crypto/sha256-js';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openCredentials } from '../../packages/controller/src/api/credentials.ts';
import type { LogSource } from '../../packages/controller/src/api/operation.ts';
import { startApiServer } from '../../packages/controller/src/api/server.ts';
import type { ApiServer } from '../../packages/controller/src/api/server.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { MemoryStore } from '../../packages/controller/src/store/memory-store.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';

export const accessKey = { accessKeyId: 'AKIDTEST', secretAccessKey: 'a-secret-for-tests' };
export const accountId = '000000000000';

export interface RawAnswer {
  status: number;
  headers: Headers;
  /** The parsed body. */
  body: Record<string, unknown>;
}

/** Changes to a call before (`headers`, `body`) or after (`tamper`) it is signed. */
export interface RawCall {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Whole `X-Amz-Target`; the operation of ECS otherwise. */
  target?: string;
  signedWith?: { accessKeyId: string; secretAccessKey: string };
  signedAt?: Date;
  service?: string;
  region?: string;
  tamper?: (request: SentRequest) => void;
}

export interface SentRequest {
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

export class ApiServerFixture {
  readonly store: Store;
  readonly server: ApiServer;
  readonly projections: StoreProjections;
  readonly ecs: ECSClient;
  readonly dataDir: string;

  private constructor(store: Store, projections: StoreProjections, server: ApiServer, dataDir: string) {
    this.store = store;
    this.projections = projections;
    this.server = server;
    this.dataDir = dataDir;
    this.ecs = this.client();
  }

  /** `wrapStore`: what the API sees in place of the store, to make it fail. */
  static async start({ logs, wrapStore = (store) => store }: { logs?: LogSource; wrapStore?: (store: Store) => Store } = {}) {
    const dataDir = await mkdtemp(join(tmpdir(), 'mini-ecs-api-'));
    const inMemory = new MemoryStore({ clock: systemClock });
    const store = wrapStore(inMemory);
    const credentials = await openCredentials({
      store: inMemory,
      dataDir,
      bootstrap: `${accessKey.accessKeyId}:${accessKey.secretAccessKey}`,
    });
    const projections = await StoreProjections.start({ store: inMemory, log: silentLogger });
    const server = await startApiServer({
      context: { store, projections, clock: systemClock, log: silentLogger, newId, newUuid, newDeploymentId },
      host: '127.0.0.1',
      port: 0,
      credentials,
      authority: { fingerprint: 'f'.repeat(64) },
      ...(logs ? { logs } : {}),
      config: { region: 'us-east-1', accountId },
    });
    return new ApiServerFixture(inMemory, projections, server, dataDir);
  }

  client({ region = 'us-east-1', credentials = accessKey } = {}): ECSClient {
    return new ECSClient({ endpoint: this.server.url, region, credentials, maxAttempts: 1 });
  }

  /** A signed call of ECS by plain HTTP: what an SDK would not let out of the house. */
  async call(operation: string, input: unknown, options: RawCall = {}): Promise<RawAnswer> {
    const { body = JSON.stringify(input), target = `AmazonEC2ContainerServiceV20141113.${operation}`, headers = {} } = options;
    return this.raw({
      ...options,
      body,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target, ...headers },
    });
  }

  /** A signed request. */
  async raw(options: RawCall): Promise<RawAnswer> {
    const response = await this.fetch(options);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as RawAnswer['body']),
    };
  }

  async fetch({ method = 'POST', path = '/', headers = {}, body = '', tamper, ...signing }: RawCall): Promise<Response> {
    const url = new URL(path, this.server.url);
    const signer = new SignatureV4({
      credentials: signing.signedWith ?? accessKey,
      region: signing.region ?? 'us-east-1',
      service: signing.service ?? 'ecs',
      sha256: Sha256,
    });
    const signed = await signer.sign(
      {
        method,
        protocol: 'http:',
        hostname: url.hostname,
        port: Number(url.port),
        path: url.pathname,
        query: Object.fromEntries([...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)])),
        headers: { host: url.host, ...headers },
        body: method === 'GET' ? undefined : body,
      },
      signing.signedAt ? { signingDate: signing.signedAt } : {},
    );
    const sent: SentRequest = { path: url.pathname + url.search, headers: { ...signed.headers }, body };
    tamper?.(sent);
    if (sent.path !== url.pathname + url.search || sent.headers['host'] !== url.host) return sendVerbatim(url, method, sent);
    return fetch(url, { method, headers: sent.headers, ...(method === 'GET' ? {} : { body: Buffer.from(sent.body) }) });
  }

  async close(): Promise<void> {
    this.ecs.destroy();
    await this.server.close();
    await this.projections.close();
    await this.store.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** `fetch` tidies a path up, keeps its fragment to itself and names the host that it connects to. */
async function sendVerbatim({ hostname, port }: URL, method: string, { path, headers, body }: SentRequest): Promise<Response> {
  const sending = request({ hostname, port, method, path, headers });
  sending.end(method === 'GET' ? undefined : body);
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  return new Response(await buffer(answer), {
    status: answer.statusCode ?? 0,
    headers: { 'x-amzn-errortype': String(answer.headers['x-amzn-errortype'] ?? '') },
  });
}
