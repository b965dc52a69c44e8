/**
 * The first word with a controller: an agent that joins knows only the fingerprint of its authority. It looks at what the
 * controller shows and sends nothing; from then on it trusts that authority alone, and TLS checks the rest.
 */
import { controllerServerName, sha256 } from '@mini-ecs/shared';
import type { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';

/** What answers is not the controller that the token is for. Nothing was told to it. */
export class WrongAuthorityError extends Error {
  override readonly name = 'WrongAuthorityError';
  readonly code = 'WRONG_AUTHORITY';
}

const timeoutMs = 5_000;
/** Found before, by fingerprint. A certificate is what its fingerprint says, whoever showed it. */
const known = new Map<string, string>();

/**
 * The authority's certificate (PEM) with that fingerprint, as the endpoint (`host:port`) shows it. Throws WrongAuthorityError;
 * rejects when nothing answers.
 */
export async function fetchAuthority(endpoint: string, fingerprint: string): Promise<string> {
  const authority = known.get(fingerprint) ?? (await lookAt(endpoint, fingerprint));
  known.set(fingerprint, authority);
  return authority;
}

function lookAt(endpoint: string, fingerprint: string): Promise<string> {
  const separator = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, separator).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(endpoint.slice(separator + 1)),
      servername: controllerServerName,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
      // There is nothing to check it against but the fingerprint, below.
      ca: [],
      rejectUnauthorized: false,
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${endpoint} does not answer by TLS`)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const authority = shownBy(socket).find(({ raw, ca }) => ca && sha256(raw) === fingerprint);
      socket.destroy();
      if (authority) resolve(authority.toString());
      else
        reject(
          new WrongAuthorityError(
            `${endpoint} is not the controller of the join token: its authority has another fingerprint. The token was not sent.`,
          ),
        );
    });
  });
}

/** The certificates of its chain, its own first. */
function shownBy(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let each = socket.getPeerX509Certificate(); each && chain.length < 5; each = each.issuerCertificate) {
    if (chain.some(({ raw }) => each && raw.equals(each.raw))) break;
    chain.push(each);
  }
  return chain;
}
