/**
 * Reads a request's body up to the limit. What is larger is read on and thrown away, within reason, before the refusal is
 * answered: a client that is cut off in the middle of sending sees a broken connection in place of the error.
 */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** The largest that ECS itself takes is a task definition of 64 KiB. */
export const bodyLimit = 1024 * 1024;
const discardLimit = 64 * 1024 * 1024;

/** Throws RequestEntityTooLargeException, SerializationException for a client that broke off. The time to send is limited by the server's `requestTimeout`. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > discardLimit) throw tooLarge(announced);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= bodyLimit) chunks.push(chunk);
      else chunks.length = 0;
      if (size > discardLimit) break;
    }
  } catch {
    throw brokenOff();
  }
  if (size > bodyLimit) throw tooLarge(size);
  return Buffer.concat(chunks);
}

/** Nobody is there to read it, but the log tells what was the matter. */
const brokenOff = (): ApiError =>
  new ApiError('SerializationException', 'The connection ended before all of the request body had come.');

const tooLarge = (size: number): ApiError =>
  new ApiError(
    'RequestEntityTooLargeException',
    `The request body has ${size} bytes; the most that is taken is ${bodyLimit} bytes (1 MiB).`,
  );
