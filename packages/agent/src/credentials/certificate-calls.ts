/** The two calls by which an agent gets a certificate. */
import * as grpc from '@grpc/grpc-js';
import {
  agentProtocol,
  controllerServerName,
  enrolmentStatement,
  renewalStatement,
  signStatement,
  type IssuedCertificateReceived,
  type JoinToken,
} from '@mini-ecs/shared';
import { createPrivateKey, createPublicKey, generateKeyPair, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { AgentCertificate } from './agent-certificate.ts';
import { fetchAuthority } from './first-contact.ts';

/** The controller does not want this agent: its token, or its certificate, does not serve. */
export class CertificateRefusedError extends Error {
  override readonly name = 'CertificateRefusedError';
  readonly code = 'CERTIFICATE_REFUSED';
}

export interface Who {
  cluster: string;
  instanceId: string;
}

type Obtained = Omit<AgentCertificate, 'obtainedAt'>;

const callTimeoutMs = 10_000;

/** Of every channel to a controller: its name is a role, whatever the address. */
export const controllerChannelOptions: grpc.ChannelOptions = {
  'grpc.ssl_target_name_override': controllerServerName,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
};

/** Agents of one process that join at once share a connection, which has nothing of theirs; one that fails is soon tried again. */
const callChannelOptions: grpc.ChannelOptions = {
  ...controllerChannelOptions,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** Joins with a token. Throws WrongAuthorityError before the token was sent, CertificateRefusedError after. */
export async function enroll(endpoint: string, token: JoinToken, who: Who, keys: KeyPair): Promise<Obtained> {
  const authority = await fetchAuthority(endpoint, token.fingerprint);
  const publicKey = spki(keys);
  const request = {
    ...who,
    tokenId: token.id,
    tokenSecret: token.secret,
    publicKey,
    proof: signStatement(enrolmentStatement(who.cluster, who.instanceId, publicKey), keys.privateKey),
  };
  const issued = await call(endpoint, authority, (client, options, done) => client.Enroll(request, options, done));
  return obtained(who, keys, issued);
}

/** Takes a new key and certificate in place of the given one, which may have ended. Throws CertificateRefusedError. */
export async function renew(endpoint: string, old: AgentCertificate, keys: KeyPair): Promise<Obtained> {
  const certificate = new X509Certificate(old.certificate).raw;
  const publicKey = spki(keys);
  const statement = renewalStatement(certificate, publicKey);
  const request = {
    certificate,
    publicKey,
    proof: signStatement(statement, keys.privateKey),
    consent: signStatement(statement, createPrivateKey(old.key)),
  };
  const issued = await call(endpoint, old.authority, (client, options, done) => client.Renew(request, options, done));
  return obtained(old, keys, issued);
}

// ── keys ──

export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export const newKeys = (): Promise<KeyPair> => promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });

export const keyPem = ({ privateKey }: KeyPair): string => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

export const readKeys = (pem: string): KeyPair => ({ privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) });

const spki = ({ publicKey }: KeyPair): Buffer => publicKey.export({ format: 'der', type: 'spki' });

const obtained = ({ cluster, instanceId }: Who, keys: KeyPair, issued: IssuedCertificateReceived): Obtained => ({
  cluster,
  instanceId,
  key: keyPem(keys),
  certificate: issued.certificate,
  authority: issued.authority,
  lifetimeMs: issued.lifetimeMs,
});

// ── calls ──

type Client = InstanceType<typeof agentProtocol.AgentGateway>;
type Done = (error: grpc.ServiceError | null, issued?: IssuedCertificateReceived) => void;

const credentialsByAuthority = new Map<string, grpc.ChannelCredentials>();

/** Checks the controller, and shows nothing of the agent. */
function serverOnly(authority: string): grpc.ChannelCredentials {
  const credentials = credentialsByAuthority.get(authority) ?? grpc.credentials.createSsl(Buffer.from(authority));
  credentialsByAuthority.set(authority, credentials);
  return credentials;
}

function call(
  endpoint: string,
  authority: string,
  make: (client: Client, options: grpc.CallOptions, done: Done) => void,
): Promise<IssuedCertificateReceived> {
  const client = new agentProtocol.AgentGateway(endpoint, serverOnly(authority), callChannelOptions);
  return new Promise<IssuedCertificateReceived>((resolve, reject) => {
    make(client, { deadline: Date.now() + callTimeoutMs }, (error, issued) => {
      if (issued) resolve(issued);
      else if (error?.code === grpc.status.UNAUTHENTICATED) reject(new CertificateRefusedError(error.details));
      else reject(new Error(error?.details ?? 'the controller gave no certificate', { cause: error }));
    });
  }).finally(() => client.close());
}
