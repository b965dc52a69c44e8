/** Sends what the fuzzer made and sorts what comes back. */
import { connect } from 'node:net';
import type { LightEcsClient } from '../support/light-ecs-client.ts';
import { signings, type FuzzRequest } from './fuzz-request.ts';

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

/** Longer than the controller may take to answer (30 s). */
const patienceMs = 45_000;

/** Rejects when no answer comes. */
export async function send(request: FuzzRequest, client: LightEcsClient, port: number): Promise<Outcome> {
  if (request.kind === 'http') return sendBytes(request.bytes, port);
  const headers = signings[request.signing](client.signedHeaders(request.target, request.body));
  const answering = client.send(headers, request.body);
  const { status, text } = await withPatience(answering);
  return sorted(status, text);
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
