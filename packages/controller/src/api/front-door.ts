/**
 * One call of the API, from headers and body to the answer: target → operation, signature, input, run, output. Everything
 * that can go wrong on the way is thrown and becomes the AWS error of it in one place (api/server.ts).
 */
import { withinWakingTime, type ArnScope } from '@mini-ecs/shared';
import { ApiError } from './api-error.ts';
import type { AwsJsonService } from './aws-json-service.ts';
import type { CredentialStore } from './credentials.ts';
import { readInput } from './input.ts';
import type { OperationSchema } from './input.ts';
import type { ApiContext, Call, Operation } from './operation.ts';
import { renderOutput } from './output.ts';
import { quote } from './references.ts';
import { authenticate } from './sigv4.ts';
import type { SignedRequest } from './sigv4.ts';

export interface FrontDoor {
  services: readonly AwsJsonService[];
  context: ApiContext;
  credentials: CredentialStore;
  /** Where ARNs live unless the caller's credential scope says another region. */
  config: ArnScope;
}

/** An operation takes this long at most (RunTask: 5 s); a store that hangs is not waited for. */
const callDeadlineMs = 30_000;

/** The body of the answer. Throws ApiError, and what operations throw. */
export async function answerCall(door: FrontDoor, request: SignedRequest, requestId: string): Promise<string> {
  const { service, operation, schema } = findOperation(door.services, request);
  const call = await openCall(door, request, requestId, service.signingName);
  const code = service.clientExceptionFor.has(operation.name) ? 'ClientException' : 'InvalidParameterException';
  const input = readInput(schema, request.body, code);
  return renderOutput(await withDeadline(operation.run(input, call), operation.name));
}

/** Authenticates, and tells an operation or a route who asks. */
export async function openCall(door: FrontDoor, request: SignedRequest, requestId: string, signingName: string): Promise<Call> {
  const { context, credentials, config } = door;
  const principal = await authenticate(request, { credentials, service: signingName, now: context.clock.now() });
  return {
    ...context,
    scope: { region: principal.region, accountId: config.accountId },
    requestId,
    principalArn: `arn:aws:iam::${config.accountId}:root`,
    accessKeyId: principal.accessKeyId,
  };
}

function findOperation(
  services: readonly AwsJsonService[],
  { headers }: SignedRequest,
): { service: AwsJsonService; operation: Operation; schema: OperationSchema } {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string' || target === '') {
    throw new ApiError(
      'UnknownOperationException',
      `The header X-Amz-Target is missing; it names the operation: ${exampleOf(services)}.`,
    );
  }
  const dot = target.lastIndexOf('.');
  const service = services.find(({ targetPrefix }) => targetPrefix === target.slice(0, dot));
  const name = target.slice(dot + 1);
  if (!service) {
    throw new ApiError(
      'UnknownOperationException',
      `Nothing here serves X-Amz-Target ${quote(target)}. Targets are ${exampleOf(services)}.`,
    );
  }
  const schema = service.schemas.get(name);
  if (!schema) throw new ApiError('UnknownOperationException', `${service.title} has no operation ${quote(name)}.`);
  const operation = service.operations.get(name);
  if (!operation) {
    throw new ApiError(
      'UnknownOperationException',
      `${name} is an operation of ${service.title} that mini-ecs does not support yet.`,
    );
  }
  return { service, operation, schema };
}

const exampleOf = (services: readonly AwsJsonService[]): string =>
  services.map(({ targetPrefix }) => `${targetPrefix}.<Operation>`).join(' or ');

const withDeadline = <T>(work: Promise<T>, operation: string): Promise<T> =>
  withinWakingTime(
    callDeadlineMs,
    work,
    () =>
      new ApiError(
        'ServiceUnavailableException',
        `${operation} was not done within ${callDeadlineMs / 1000} s; whether it will be is not known. Look before you try again.`,
      ),
  );
