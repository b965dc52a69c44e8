import { newId, sha256 } from '@mini-ecs/shared';
import test from 'ava';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  issueInstanceCertificate,
  issueServerCertificate,
  makeAuthority,
  newSerial,
  readSigner,
  type KeyAndCertificate,
} from './certificates.ts';

const from = Date.UTC(2026, 0, 1);
const validity = { from, until: Date.UTC(2060, 0, 1) };
const names = ['10.0.0.5', '2001:db8::5', 'vm-1.example'];

const anInstance = async (authority: KeyAndCertificate, serial = newSerial()) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const name = { cluster: 'default', instance: newId() };
  const certificate = await issueInstanceCertificate(await readSigner(authority), name, spki, { serial, validity });
  return { name, spki, certificate: new X509Certificate(certificate), pem: certificate };
};

test('a certificate says what it was made to say', async (t) => {
  const authority = await makeAuthority(validity);
  const serial = newSerial();
  const { name, spki, certificate } = await anInstance(authority, serial);
  t.is(certificate.serialNumber.toLowerCase(), serial);
  t.is(certificate.subject, `CN=${name.instance}`);
  t.is(certificate.subjectAltName, `URI:mini-ecs:instance/default/${name.instance}`);
  t.is(certificate.validFromDate.getTime(), from);
  t.is(certificate.validToDate.getTime(), validity.until);
  t.deepEqual(certificate.publicKey.export({ format: 'der', type: 'spki' }), spki);
  t.false(certificate.ca);
});

test('it is its own authority that signed it, and no other', async (t) => {
  const [authority, other] = [await makeAuthority(validity), await makeAuthority(validity)];
  const { certificate } = await anInstance(authority);
  const [own, foreign] = [new X509Certificate(authority.certificate), new X509Certificate(other.certificate)];
  t.true(certificate.checkIssued(own) && certificate.verify(own.publicKey));
  t.false(certificate.checkIssued(foreign));
  t.false(certificate.verify(foreign.publicKey));
  t.true(own.ca);
  t.not(sha256(own.raw), sha256(foreign.raw));
});

test("a controller's certificate is good for its names and addresses", async (t) => {
  const authority = await makeAuthority(validity);
  const certificate = new X509Certificate(
    (await issueServerCertificate(await readSigner(authority), names, validity)).certificate,
  );
  t.is(certificate.checkIP('10.0.0.5'), '10.0.0.5');
  t.truthy(certificate.checkIP('2001:db8::5'));
  t.is(certificate.checkHost('vm-1.example'), 'vm-1.example');
  t.is(certificate.checkHost('controller.mini-ecs.internal'), 'controller.mini-ecs.internal');
  t.is(certificate.checkIP('10.0.0.6'), undefined);
});

const withOpenssl = spawnSync('openssl', ['version']).status === 0 ? test : test.skip;

withOpenssl('OpenSSL takes them at its strictest, each for its own use only', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mini-ecs-x509-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const authority = await makeAuthority(validity);
  const file = (name: string, pem: string): string => {
    writeFileSync(path.join(folder, name), pem);
    return path.join(folder, name);
  };
  const ca = file('ca.pem', authority.certificate);
  const instance = file('instance.pem', (await anInstance(authority)).pem);
  const server = file('server.pem', (await issueServerCertificate(await readSigner(authority), names, validity)).certificate);
  const verify = (purpose: string, certificate: string): string =>
    execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', ca, '-purpose', purpose, certificate], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  t.regex(verify('sslclient', instance), /OK/);
  t.regex(verify('sslserver', server), /OK/);
  t.throws(() => verify('sslserver', instance));
  t.throws(() => verify('sslclient', server));
});
