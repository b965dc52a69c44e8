/**
 * Verifies AWS Signature Version 4 in the Authorization header: the request is signed again with the key that it names, and
 * the two signatures compared. Error names, words and status codes are those of AWS's JSON 1.1 services (all 400).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
import { SignatureV4 } from '@smithy/signature-v4';
import {
  createHash,
  createHmac,
  createSecretKey,
  hash,
  timingSafeEqual,
  type Hash,
  type Hmac,
  type KeyObject,
} from 'node:crypto';
import { ApiError } from './api-error.ts';
import type { AccessKey, CredentialStore } from './credentials.ts';

export interface SignedRequest {
  method: string;
  /** Path with query, as it came. */
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
}

export interface Principal {
  accessKeyId: string;
  /** The region of the credential scope. */
  region: string;
}

interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

const allowedSkewMs = 5 * 60 * 1000;

/** Anybody may send one, so reading it must cost little. AWS's own clients write 400 characters or less. */
const longestAuthorization = 4_096;

/** `service` is the signing name that the credential scope must carry. Throws ApiError. */
export async function authenticate(
  request: SignedRequest,
  { credentials, service, now }: { credentials: CredentialStore; service: string; now: number },
): Promise<Principal> {
  const authorization = readAuthorization(request);
  const signedAt = readSigningTime(request, authorization);
  checkSkew(signedAt, now);
  checkScope(authorization, signedAt, service);
  const accessKey = await credentials.find(authorization.accessKeyId);
  if (!accessKey) {
    throw new ApiError('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  await checkSignature(request, authorization, signedAt, accessKey);
  return { accessKeyId: authorization.accessKeyId, region: authorization.region };
}

// ── reading ──

function readAuthorization({ headers }: SignedRequest): Authorization {
  const header = one(headers['authorization']);
  if (!header) throw new ApiError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  if (header.length > longestAuthorization) {
    throw new ApiError(
      'IncompleteSignatureException',
      `Authorization header has ${header.length} characters; it must have at most ${longestAuthorization}.`,
    );
  }
  const [algorithm = '', ...parameters] = header.split(/[,\s]+/);
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw new ApiError(
      'IncompleteSignatureException',
      `Unsupported AWS 'algorithm': '${algorithm.slice(0, 60)}'. Use AWS4-HMAC-SHA256.`,
    );
  }
  const valueOf = (name: string): string | undefined =>
    parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const scope = /^([^/]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/.exec(valueOf('Credential') ?? '');
  const signedHeaders = valueOf('SignedHeaders');
  const signature = /^[0-9a-f]{64}$/.exec(valueOf('Signature') ?? '')?.[0];
  if (!scope) throw incomplete("'Credential' parameter of the form <key id>/<date>/<region>/<service>/aws4_request");
  if (!signature) throw incomplete("'Signature' parameter of 64 hex digits");
  if (!signedHeaders) throw incomplete("'SignedHeaders' parameter");
  const [, accessKeyId = '', date = '', region = '', service = ''] = scope;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.toLowerCase().split(';'), signature };
}

const incomplete = (what: string): ApiError =>
  new ApiError('IncompleteSignatureException', `Authorization header requires ${what}.`);

/** ms since the epoch */
function readSigningTime({ headers }: SignedRequest, authorization: Authorization): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(one(headers['x-amz-date']) ?? '');
  if (!match || !authorization.signedHeaders.includes('x-amz-date'))
    throw incomplete("a signed 'X-Amz-Date' header (YYYYMMDDTHHMMSSZ)");
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

// ── checking ──

function checkSkew(signedAt: number, now: number): void {
  if (signedAt < now - allowedSkewMs) {
    throw new ApiError(
      'InvalidSignatureException',
      `Signature expired: ${stamp(signedAt)} is now earlier than ${stamp(now - allowedSkewMs)} (${stamp(now)} - 5 min.)`,
    );
  }
  if (signedAt > now + allowedSkewMs) {
    throw new ApiError(
      'InvalidSignatureException',
      `Signature not yet current: ${stamp(signedAt)} is still later than ${stamp(now + allowedSkewMs)} (${stamp(now)} + 5 min.)`,
    );
  }
}

function checkScope({ date, service, signedHeaders }: Authorization, signedAt: number, expected: string): void {
  if (service !== expected) {
    throw new ApiError('InvalidSignatureException', `Credential should be scoped to correct service: '${expected}'.`);
  }
  if (date !== stamp(signedAt).slice(0, 8)) {
    throw new ApiError(
      'InvalidSignatureException',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${stamp(signedAt).slice(0, 8)}'.`,
    );
  }
  if (!signedHeaders.includes('host')) {
    throw new ApiError('InvalidSignatureException', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
}

async function checkSignature(
  request: SignedRequest,
  authorization: Authorization,
  signedAt: number,
  key: AccessKey,
): Promise<void> {
  const { signedHeaders, signature, region, service } = authorization;
  const payloadHash = hash('sha256', request.body);
  const declaredHash = one(request.headers['x-amz-content-sha256']);
  // A target left out of the signature could be swapped on the way.
  if (request.headers['x-amz-target'] !== undefined && !signedHeaders.includes('x-amz-target')) throw mismatch();
  if (declaredHash !== undefined && declaredHash !== payloadHash) throw mismatch();

  const signer = new SignatureV4({ credentials: key, region, service, sha256: NodeSha256, applyChecksum: false });
  const headers: Record<string, string> = { 'x-amz-content-sha256': payloadHash };
  for (const name of signedHeaders) {
    // Every object has a `constructor`; a request has no such header.
    const value = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined;
    if (value === undefined) throw mismatch();
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const { pathname, searchParams } = signedTargetOf(request.url);
  const expected = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '',
      path: pathname,
      query: queryOf(searchParams),
      headers,
    },
    {
      signingDate: new Date(signedAt),
      signableHeaders: new Set(signedHeaders),
      // Given above to spare a second hash of the body; part of the signature only if the caller signed it.
      unsignableHeaders: new Set(['x-amz-content-sha256']),
    },
  );
  const expectedSignature = /Signature=([0-9a-f]{64})$/.exec(expected.headers['authorization'] ?? '')?.[1] ?? '';
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expectedSignature.padEnd(signature.length)))) throw mismatch();
}

/**
 * Path and query as clients sign them. Where the router would find others in the same text (it takes what follows a `#` for the query,
 * and `..` for a name), the request is refused: it would do what nobody signed.
 */
function signedTargetOf(url: string): Pick<URL, 'pathname' | 'searchParams'> {
  const target = URL.canParse(url, 'http://host.invalid') ? new URL(url, 'http://host.invalid') : undefined;
  if (!target || url.includes('#') || target.pathname !== url.split('?', 1)[0]) throw mismatch();
  return target;
}

const mismatch = (): ApiError =>
  new ApiError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );

function queryOf(parameters: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(parameters.keys())) query[name] = parameters.getAll(name);
  return query;
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

/** `20260102T030405Z` */
const stamp = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');

/** OpenSSL's SHA-256, as the signer wants it; the pure JavaScript one costs ten times as much. */
class NodeSha256 {
  readonly #secret: string | KeyObject | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: Secret) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : keyOf(secret);
    this.#hash = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret ? createHmac('sha256', this.#secret) : createHash('sha256');
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#start();
  }
}

type Secret = string | ArrayBuffer | ArrayBufferView;

/** The signer keeps the key that it signs with for a day: to make an OpenSSL key of its bytes costs five times as much as to sign. */
const keys = new WeakMap<object, KeyObject>();

function keyOf(secret: ArrayBuffer | ArrayBufferView): KeyObject {
  const known = keys.get(secret);
  if (known) return known;
  const bytes = ArrayBuffer.isView(secret)
    ? Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
    : Buffer.from(secret);
  const key = createSecretKey(bytes);
  keys.set(secret, key);
  return key;
}
