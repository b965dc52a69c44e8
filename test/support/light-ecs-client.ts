/**
 * Calls the ECS API as an SDK does (AWS JSON 1.1 over HTTP, Signature Version 4) at a fraction of its cost, so that a benchmark
 * that shares the machine with what it measures takes little of it: one signing key a day, connections kept open.
 */
import type { ClientSettings } from 'mini-ecs';
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { Agent, request } from 'node:http';

export class EcsCallError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(`${type}: ${message}`);
    this.type = type;
  }
}

export interface HttpAnswer {
  status: number;
  text: string;
}

const contentType = 'application/x-amz-json-1.1';
const signedHeaders = 'content-type;host;x-amz-date;x-amz-target';

export class LightEcsClient {
  readonly #settings: ClientSettings;
  readonly #host: string;
  readonly #port: number;
  readonly #connections: Agent;
  #signingKey: { date: string; key: KeyObject } | undefined;

  constructor(settings: ClientSettings, { connections = 256 }: { connections?: number } = {}) {
    const { host, port } = new URL(settings.endpoint);
    this.#settings = settings;
    this.#host = host;
    this.#port = Number(port);
    this.#connections = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'lifo' });
  }

  /** Throws EcsCallError for what the API refuses. */
  async call<Output>(operation: string, input: object): Promise<Output> {
    const body = Buffer.from(JSON.stringify(input));
    const { status, text } = await this.send(this.signedHeaders(`AmazonEC2ContainerServiceV20141113.${operation}`, body), body);
    const answer = JSON.parse(text) as { __type?: string; message?: string };
    if (status === 200) return answer as Output;
    throw new EcsCallError(answer.__type ?? String(status), answer.message ?? '');
  }

  /** Any headers, any body; rejects when there is no answer. */
  send(headers: Record<string, string | number>, body: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port: this.#port, method: 'POST', path: '/', agent: this.#connections, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  close(): void {
    this.#connections.destroy();
  }

  /** What signs a call to `target`. */
  signedHeaders(target: string, body: Buffer): Record<string, string | number> {
    const { region, accessKeyId } = this.#settings;
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
    const date = time.slice(0, 8);
    const scope = `${date}/${region}/ecs/aws4_request`;
    const canonical = [
      'POST',
      '/',
      '',
      `content-type:${contentType}`,
      `host:${this.#host}`,
      `x-amz-date:${time}`,
      `x-amz-target:${target}`,
      '',
      signedHeaders,
      sha256(body),
    ].join('\n');
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`;
    const signature = hmac(this.#keyOf(date), toSign).toString('hex');
    return {
      'content-type': contentType,
      'content-length': body.length,
      host: this.#host,
      'x-amz-date': time,
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    };
  }

  #keyOf(date: string): KeyObject {
    if (this.#signingKey?.date !== date) {
      const { secretAccessKey, region } = this.#settings;
      const key = [date, region, 'ecs', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`) as Buffer;
      this.#signingKey = { date, key: createSecretKey(key) };
    }
    return this.#signingKey.key;
  }
}

const sha256 = (data: string | Buffer): string => hash('sha256', data);
const hmac = (key: string | Buffer | KeyObject, data: string): Buffer => createHmac('sha256', key).update(data).digest();
