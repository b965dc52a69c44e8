/**
 * What the fields of a request must look like that anybody can send. It is looked at before anything else is done with them:
 * what has another form or size reaches neither the store nor the log, and costs no signature check.
 */
import { isJoinTokenId, isJoinTokenSecret, type EnrollReceived, type RenewReceived } from '@mini-ecs/shared';
import { isInstanceName } from './instance-name.ts';

/** Of a P-256 key: 91 bytes as agents send it. */
const mostKeyBytes = 128;
/** Of ECDSA P-256 in DER: 72 bytes at most. */
const mostSignatureBytes = 80;
/** Ours have about 500, and the cluster's name up to 255. */
const mostCertificateBytes = 2_048;

type Form<Request> = readonly [isGood: (request: Request) => boolean, what: string];

const holds = (bytes: Uint8Array, most: number): boolean => bytes.length > 0 && bytes.length <= most;

const joinForms: readonly Form<EnrollReceived>[] = [
  [
    ({ cluster, instanceId }) => isInstanceName({ cluster, instance: instanceId }),
    'cluster must be the name of one, instance_id 32 hex digits.',
  ],
  [({ tokenId }) => isJoinTokenId(tokenId), 'token_id must be 16 hex digits.'],
  [({ tokenSecret }) => isJoinTokenSecret(tokenSecret), 'token_secret must be 43 letters, digits, - or _.'],
  [({ publicKey }) => holds(publicKey, mostKeyBytes), `public_key must have 1 to ${mostKeyBytes} bytes.`],
  [({ proof }) => holds(proof, mostSignatureBytes), `proof must have 1 to ${mostSignatureBytes} bytes.`],
];

const renewalForms: readonly Form<RenewReceived>[] = [
  [({ certificate }) => holds(certificate, mostCertificateBytes), `certificate must have 1 to ${mostCertificateBytes} bytes.`],
  [({ publicKey }) => holds(publicKey, mostKeyBytes), `public_key must have 1 to ${mostKeyBytes} bytes.`],
  [({ proof }) => holds(proof, mostSignatureBytes), `proof must have 1 to ${mostSignatureBytes} bytes.`],
  [({ consent }) => holds(consent, mostSignatureBytes), `consent must have 1 to ${mostSignatureBytes} bytes.`],
];

function problemIn<Request>(request: Request, forms: readonly Form<Request>[]): string | undefined {
  const broken = forms.find(([isGood]) => !isGood(request));
  return broken && `The request cannot be read: ${broken[1]}`;
}

/** Why the request cannot be one of an agent's; undefined for one that can. */
export const joinProblem = (request: EnrollReceived): string | undefined => problemIn(request, joinForms);

export const renewalProblem = (request: RenewReceived): string | undefined => problemIn(request, renewalForms);
